//! What happens to the page: hidden, offline, frozen, left, restored.

use tidewire_proto::PageEvent;
use wasm_bindgen::prelude::*;
use web_sys::{Document, EventTarget, PageTransitionEvent};

use super::promise::{Callback, callback};
use super::{global, global_scope, text};

/// News of the page.
#[derive(Clone, Copy)]
pub(crate) enum PageFact {
    /// Something that the state machine wants to know.
    Happened(PageEvent),
    /// The page is being left (`pagehide`).
    Left {
        /// It may come back from the back/forward cache.
        persisted: bool,
    },
}

/// Listens to the page's events until it is dropped. In a worker only `online` and `offline` come.
///
/// `freeze` is not listened to: `visibilitychange` and `pagehide` come before it, and what follows it
/// is told by `resume`.
pub(crate) struct Page {
    listener: Callback,
    global: EventTarget,
    document: Option<Document>,
}

const OF_GLOBAL: [&str; 4] = ["offline", "online", "pagehide", "pageshow"];
const OF_DOCUMENT: [&str; 2] = ["resume", "visibilitychange"];

impl Page {
    pub(crate) fn listen(mut tell: impl FnMut(PageFact) + 'static) -> Self {
        let document = global("document").map(JsValue::unchecked_into::<Document>);
        let listener = {
            let document = document.clone();
            callback(move |event| {
                if let Some(fact) = read(&event, document.as_ref()) {
                    tell(fact);
                }
            })
        };
        let page = Self {
            listener,
            global: global_scope().unchecked_into(),
            document,
        };
        page.each(|target, name, listener| {
            // Adding a listener can only fail for an object that is no event target.
            let _ = target.add_event_listener_with_callback(name, listener);
        });
        page
    }

    /// Whether the page is hidden; a worker never is.
    pub(crate) fn is_hidden(&self) -> bool {
        self.document.as_ref().is_some_and(Document::hidden)
    }

    fn each(&self, act: impl Fn(&EventTarget, &str, &js_sys::Function)) {
        let listener = self.listener.as_ref().unchecked_ref();
        for name in OF_GLOBAL {
            act(&self.global, name, listener);
        }
        if let Some(document) = &self.document {
            for name in OF_DOCUMENT {
                act(document, name, listener);
            }
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.each(|target, name, listener| {
            let _ = target.remove_event_listener_with_callback(name, listener);
        });
    }
}

fn read(event: &JsValue, document: Option<&Document>) -> Option<PageFact> {
    let persisted = || event.unchecked_ref::<PageTransitionEvent>().persisted();
    let happened = match &*text(event, "type") {
        "offline" => PageEvent::Offline,
        "online" => PageEvent::Online,
        "pagehide" => {
            return Some(PageFact::Left {
                persisted: persisted(),
            });
        }
        "pageshow" if persisted() => PageEvent::Restored,
        "resume" => PageEvent::Resumed,
        "visibilitychange" if document.is_some_and(Document::hidden) => PageEvent::Hidden,
        "visibilitychange" => PageEvent::Visible,
        _ => return None,
    };
    Some(PageFact::Happened(happened))
}
