// Prints one line for each test, and the counts as `cargo test` does, which `cargo xtask test` adds up.
export default async function* reporter(events) {
  const counts = { passed: 0, failed: 0, ignored: 0 };
  for await (const { type, data } of events) {
    if (type === 'test:stdout' || type === 'test:stderr') {
      yield data.message;
    } else if ((type === 'test:pass' || type === 'test:fail') && data.details.type !== 'suite') {
      // A file that holds tests is reported as a test of its own, whose failure is news only where no test has it.
      const isNews = data.details.error && data.details.error.failureType !== 'subtestsFailed';
      if (data.nesting === 0 && data.file === data.name && !isNews) {
        continue;
      }
      const outcome = data.skip ? 'ignored' : type === 'test:pass' ? 'passed' : 'failed';
      counts[outcome] += 1;
      const time = `${Math.round(data.details.duration_ms)} ms`;
      yield `test ${data.name} ... ${outcome === 'passed' ? 'ok' : outcome} (${time})\n`;
      if (type === 'test:fail') {
        yield `${data.details.error?.cause?.stack ?? data.details.error?.stack ?? data.details.error}\n`;
      }
    }
  }
  const { passed, failed, ignored } = counts;
  yield `\ntest result: ${failed ? 'FAILED' : 'ok'}. ${passed} passed; ${failed} failed; ${ignored} ignored\n`;
}
