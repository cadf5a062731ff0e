//! The faults that strike at times of their own, and what each does to the world.

use std::time::Duration;

use tidewire_proto::{Close, CloseCode, PageEvent};

use crate::plan::SECOND;
use crate::queue::{Happening, Undo};
use crate::world::World;

/// What can go wrong at any moment. What can go wrong with one handshake or request is drawn when it is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// The user duplicates the tab: a second client has the same session key.
    Clone,
    /// The user closes the client and opens the page again.
    CloseClient,
    /// The server's application ends the session.
    CloseSession,
    /// The user leaves the page and opens it again.
    CloseTab,
    /// Every connection is cut.
    Cut,
    /// The server asks to move.
    Drain,
    /// The server evicts a session.
    Evict,
    /// The tab stands still, and runs again.
    Freeze,
    /// A socket's bytes vanish, with no event, for a while or for ever.
    HalfOpen,
    /// The tab is hidden for a while.
    Hide,
    /// The client's clock jumps forward.
    Jump,
    /// The network of the client is away for a while, and the browser says so.
    Offline,
    /// The browser says that there is a network; nothing has changed.
    OnlineLie,
    /// New attaches are refused with advice to come back later.
    Overload,
    /// The browser grants or takes the right to hold a poll.
    Permit,
    /// The server process dies and starts again.
    Restart,
    /// The page goes into the back/forward cache and comes back.
    Restore,
    /// The server process stands still, and runs again.
    Stop,
}

impl Fault {
    pub(crate) const ALL: [Self; 18] = [
        Self::Clone,
        Self::CloseClient,
        Self::CloseSession,
        Self::CloseTab,
        Self::Cut,
        Self::Drain,
        Self::Evict,
        Self::Freeze,
        Self::HalfOpen,
        Self::Hide,
        Self::Jump,
        Self::Offline,
        Self::OnlineLie,
        Self::Overload,
        Self::Permit,
        Self::Restart,
        Self::Restore,
        Self::Stop,
    ];

    pub(crate) const COUNT: usize = Self::ALL.len();

    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    const fn is_of_page(self) -> bool {
        matches!(
            self,
            Self::Clone
                | Self::CloseClient
                | Self::CloseTab
                | Self::Freeze
                | Self::Hide
                | Self::Jump
                | Self::Offline
                | Self::OnlineLie
                | Self::Permit
                | Self::Restore
        )
    }

    const fn is_of_server(self) -> bool {
        matches!(
            self,
            Self::CloseSession
                | Self::Drain
                | Self::Evict
                | Self::Overload
                | Self::Restart
                | Self::Stop
        )
    }

    /// In how many of a thousand runs it strikes at all, and between which means in milliseconds.
    pub(crate) const fn frequency(self) -> (u32, u64, u64) {
        match self {
            Self::Clone => (60, 2_000, 100_000),
            Self::Cut => (500, 200, 30_000),
            Self::HalfOpen => (300, 2_000, 60_000),
            Self::Restart => (200, 3_000, 120_000),
            Self::Stop => (150, 10_000, 120_000),
            Self::Drain => (150, 2_000, 90_000),
            Self::Evict => (60, 5_000, 150_000),
            Self::CloseSession => (50, 10_000, 200_000),
            Self::CloseClient => (50, 10_000, 200_000),
            Self::CloseTab => (60, 5_000, 150_000),
            Self::Offline => (200, 1_000, 60_000),
            Self::OnlineLie => (100, 500, 60_000),
            Self::Hide => (250, 5_000, 100_000),
            Self::Freeze => (180, 5_000, 100_000),
            Self::Jump => (80, 10_000, 100_000),
            Self::Restore => (100, 5_000, 100_000),
            Self::Overload => (100, 10_000, 100_000),
            Self::Permit => (60, 2_000, 60_000),
        }
    }
}

impl World {
    /// Lets `fault` strike, and schedules the next one.
    pub(crate) fn strike(&mut self, fault: Fault) {
        if self.healed {
            return;
        }
        let mean = self.plan.strikes[fault.index()];
        let again = self.now + self.chance.interval(mean);
        self.queue.schedule(again, Happening::Strike(fault));
        // Nothing happens to a page that stands still, and nothing to a process that does.
        let frozen = self.tabs[self.active].frozen_until > self.now;
        let stopped = !self.host.is_up || self.host.stopped_until > self.now;
        if (frozen && fault.is_of_page()) || (stopped && fault.is_of_server()) {
            return;
        }
        self.check_lives();
        self.trace.number(0x100 + fault.index() as u64);
        self.trace.line(self.now, || format!("FAULT {fault:?}"));
        self.tallies.faults[fault.index()] += 1;
        match fault {
            Fault::Clone => self.duplicate_tab(),
            Fault::CloseClient => self.close_client(),
            Fault::CloseSession => self.close_session(),
            Fault::CloseTab => self.close_tab(),
            Fault::Cut => self.cut_everything(),
            Fault::Drain => self.drain(),
            Fault::Evict => self.evict(),
            Fault::Freeze => self.freeze(),
            Fault::HalfOpen => self.half_open(),
            Fault::Hide => self.hide(),
            Fault::Jump => self.jump(),
            Fault::Offline => self.go_offline(),
            Fault::OnlineLie => self.page_event(self.active, PageEvent::Online),
            Fault::Overload => self.overload(),
            Fault::Permit => self.flip_permit(),
            Fault::Restart => self.restart(),
            Fault::Restore => self.send_to_cache(),
            Fault::Stop => self.stop_server(),
        }
    }

    /// Starts the faults of the plan.
    pub(crate) fn arm_faults(&mut self) {
        for fault in Fault::ALL {
            let mean = self.plan.strikes[fault.index()];
            if mean > 0 {
                let at = self.chance.interval(mean);
                self.queue.schedule(at, Happening::Strike(fault));
            }
        }
    }

    /// Ends what a fault began.
    pub(crate) fn undo(&mut self, undo: Undo) {
        self.trace.line(self.now, || format!("END {undo:?}"));
        match undo {
            Undo::Hidden { tab } => {
                self.tabs[tab].hidden_since = None;
                self.page_event(tab, PageEvent::Visible);
            }
            Undo::Offline { tab } => {
                self.tabs[tab].offline = false;
                self.page_event(tab, PageEvent::Online);
            }
            Undo::Overload => self.host.overloaded = false,
            Undo::Restart => self.host.is_up = true,
            Undo::Resume { tab } => self.page_event(tab, PageEvent::Resumed),
            Undo::Restore { tab } => {
                // Who comes back to a page sees it.
                self.tabs[tab].hidden_since = None;
                self.page_event(tab, PageEvent::Restored);
                self.close_dead_sockets(tab);
            }
        }
    }

    /// When something that lasts between these bounds ends: never after the network has healed.
    fn until(&mut self, low: u64, high: u64) -> u64 {
        let end = self.now + self.chance.between(low, high);
        end.min(self.plan.heal_at)
    }

    fn cut_everything(&mut self) {
        for socket in self.live_sockets() {
            self.cut(socket);
        }
        for exchange in self.live_exchanges() {
            self.fail_exchange(exchange);
        }
    }

    fn half_open(&mut self) {
        let end = self.until(SECOND, 60 * SECOND);
        let which = self.chance.between(1, 3);
        let forever = self.chance.permille(400);
        for socket in self.live_sockets() {
            let socket = &mut self.sockets[socket];
            for (bit, lane) in [(1, &mut socket.up), (2, &mut socket.down)] {
                if which & bit == 0 {
                    continue;
                }
                if forever {
                    lane.lose_from(self.now);
                } else {
                    lane.stall_until(end);
                }
            }
        }
    }

    fn hide(&mut self) {
        let tab = self.active;
        if self.tabs[tab].hidden_since.is_some() || self.tabs[tab].is_gone() {
            return;
        }
        let end = self.until(SECOND, 120 * SECOND);
        self.tabs[tab].hidden_since = Some(self.now);
        self.page_event(tab, PageEvent::Hidden);
        self.queue
            .schedule(end, Happening::Undo(Undo::Hidden { tab }));
    }

    fn freeze(&mut self) {
        let tab = self.active;
        let end = self.until(SECOND, 140 * SECOND) | 1;
        let frozen = &mut self.tabs[tab];
        if frozen.frozen_until > self.now || frozen.is_gone() {
            return;
        }
        frozen.frozen_until = end;
        // Some platforms stop the clock while the machine sleeps.
        if self.chance.permille(300) {
            self.tabs[tab].clock_lost += end - self.now;
        }
        // What was held back comes first or the event does: browsers differ.
        let announced = if self.chance.permille(500) {
            end
        } else {
            end + 2 * crate::plan::MILLISECOND
        };
        if self.chance.permille(800) {
            self.queue
                .schedule(announced, Happening::Undo(Undo::Resume { tab }));
        }
    }

    fn jump(&mut self) {
        let span = self.chance.choose([30, 600, 8 * 3_600]) * SECOND;
        self.tabs[self.active].clock_gained += span;
        // The deadline that was armed is now in the past.
        self.rearm(self.active);
    }

    fn go_offline(&mut self) {
        let tab = self.active;
        if self.tabs[tab].offline || self.tabs[tab].is_gone() {
            return;
        }
        let end = self.until(SECOND / 2, 40 * SECOND);
        let cut = self.chance.permille(500);
        for socket in self.live_sockets() {
            if cut {
                self.cut(socket);
            } else {
                self.sockets[socket].up.stall_until(end);
                self.sockets[socket].down.stall_until(end);
            }
        }
        for exchange in self.live_exchanges() {
            self.fail_exchange(exchange);
        }
        self.tabs[tab].offline = true;
        self.page_event(tab, PageEvent::Offline);
        self.queue
            .schedule(end, Happening::Undo(Undo::Offline { tab }));
    }

    fn flip_permit(&mut self) {
        let tab = self.active;
        let permitted = !self.tabs[tab].hold_permitted;
        self.permit(tab, permitted);
    }

    fn overload(&mut self) {
        let end = self.until(SECOND, 20 * SECOND);
        self.host.overloaded = true;
        self.advised = true;
        self.queue.schedule(end, Happening::Undo(Undo::Overload));
    }

    fn stop_server(&mut self) {
        let end = self.until(SECOND, 130 * SECOND) | 1;
        self.host.stopped_until = self.host.stopped_until.max(end);
    }

    /// The process is killed: every connection breaks, and without a store every session is forgotten.
    fn restart(&mut self) {
        let end = self.until(0, 10 * SECOND);
        self.host.is_up = false;
        self.host.stopped_until = end | 1;
        self.cut_everything();
        self.sever_server();
        if !self.plan.durable {
            for session in self.host.forget_everything() {
                self.ledger.forget_session(session);
            }
            self.tallies.memory_losses += 1;
        }
        self.queue.schedule(end, Happening::Undo(Undo::Restart));
    }

    fn drain(&mut self) {
        let delay = Duration::from_micros(self.chance.between(0, 5 * SECOND));
        if let Some(session) = self.host.newest() {
            self.with_session(session, |machine, _| machine.drain(delay));
        }
    }

    fn evict(&mut self) {
        let close = Close::new(CloseCode::EXPIRED, "evicted: the server needs the memory");
        if let Some(session) = self.host.newest() {
            self.ledger.expect_end(session);
            self.host.sessions[session].farewell = Some(close.clone());
            self.with_session(session, |machine, _| machine.end(&close));
        }
    }

    fn close_session(&mut self) {
        // Codes that end a client, that bring it back, and that send it for other credentials.
        let code = match self.chance.below(4) {
            0 => CloseCode::FORBIDDEN,
            1 => CloseCode::UNAUTHENTICATED,
            2 => CloseCode(3_000),
            _ => CloseCode::NORMAL,
        };
        let close = Close::new(code, "over: the application is finished");
        if let Some(session) = self.host.newest() {
            self.session_closed = true;
            self.ledger.expect_end(session);
            self.host.sessions[session].farewell = Some(close.clone());
            self.with_session(session, |machine, now| machine.close(now, close));
        }
    }
}
