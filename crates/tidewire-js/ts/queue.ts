/** First in, first out. The first is taken at the same cost however many wait behind it. */
export class Queue<Item> {
  #items: Item[] = [];
  /** Where the first is; what stood before it was taken. */
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    const { first } = this;
    if (this.length && ++this.#head * 2 > this.#items.length) {
      // Each item moves to the front once, on average.
      this.#items = this.clear();
    }
    return first;
  }

  /** Whether the item was there. */
  remove(item: Item): boolean {
    if (item === this.first) {
      this.shift();
      return true;
    }
    const index = this.#items.indexOf(item, this.#head);
    return index >= 0 && !!this.#items.splice(index, 1);
  }

  /** All items, taken out. */
  clear(): Item[] {
    const items = this.#items.slice(this.#head);
    this.#items = [];
    this.#head = 0;
    return items;
  }
}
