//! How a page is left: cached, closed, duplicated.

use tidewire_proto::{Close, CloseCode};

use crate::plan::{MILLISECOND, SECOND};
use crate::queue::{Happening, Undo};
use crate::world::World;

impl World {
    /// The user duplicates the page: the copy has the key, and none of what was sent and received under it.
    pub(crate) fn duplicate_tab(&mut self) {
        let Some(session) = self.ledger.session_of(self.active) else {
            return;
        };
        if self.tabs[self.active].is_gone() || self.tabs.len() - self.active > 1 {
            return;
        }
        let key = *self.host.sessions[session].machine.key();
        self.ledger.contest(self.active);
        let copy = self.tabs.len();
        self.open_tab(Some(key));
        self.say_something(copy);
    }

    /// The page goes into the back/forward cache: it flushes, stands still, and its sockets die.
    pub(crate) fn send_to_cache(&mut self) {
        let tab = self.active;
        if self.tabs[tab].is_gone() || self.tabs[tab].frozen_until > self.now {
            return;
        }
        self.flush(tab, false);
        let end = (self.now + self.chance.between(SECOND, 130 * SECOND)).min(self.plan.heal_at) | 1;
        self.tabs[tab].frozen_until = end;
        for index in self.live_sockets() {
            let socket = &mut self.sockets[index];
            if socket.tab == tab {
                socket.down.lose_from(self.now);
                socket.up.lose_from(self.now + MILLISECOND);
                self.cut(index);
            }
        }
        self.queue
            .schedule(end, Happening::Undo(Undo::Restore { tab }));
    }

    /// The user leaves the page for good, and opens it again later.
    pub(crate) fn close_tab(&mut self) {
        let tab = self.active;
        if self.tabs[tab].is_gone() {
            return;
        }
        if self.chance.permille(500) {
            self.flush(tab, true);
        }
        self.drop_tab(tab);
        let at = self.now + self.chance.between(0, 5 * SECOND);
        self.queue.schedule(at, Happening::TabOpens);
    }

    /// The handle is dropped: no socket, no request and no timer may be left of it.
    pub(crate) fn drop_tab(&mut self, tab: usize) {
        self.ledger.leaves(tab);
        let now = self.tabs[tab].time(self.now);
        self.tabs[tab].client.abandon(now);
        self.settle(tab);
        self.tabs[tab].dropped = true;
        if self.tabs[tab].open_sockets > 0 || self.tabs[tab].waiting > 0 {
            self.breaks("a client that was dropped leaves a socket or a request behind");
        }
    }

    /// The application closes the client; it opens another when it hears that this one is closed.
    pub(crate) fn close_client(&mut self) {
        let tab = self.active;
        if self.tabs[tab].is_gone() {
            return;
        }
        self.ledger.leaves(tab);
        let close = Close::new(CloseCode::NORMAL, "done: the user is finished");
        self.tell_tab(tab, |client, now| client.close(now, close));
    }

    /// What a page sends as it goes: at most 64 KiB, with nobody waiting for the answer.
    fn flush(&mut self, tab: usize, leaving: bool) {
        const QUOTA: usize = 65_536;
        let now = self.tabs[tab].time(self.now);
        let body = self.tabs[tab].client.flush_for_unload(now, leaving, QUOTA);
        if let Some(body) = body {
            if body.len() > QUOTA {
                return self.breaks("the flush of a leaving page is longer than browsers take");
            }
            self.trace.bytes(&body);
            self.trace.line(self.now, || {
                format!("tab {tab} -> keepalive {}", crate::wire::describe(&body))
            });
            self.request(tab, None, body);
        }
        self.settle(tab);
    }
}
