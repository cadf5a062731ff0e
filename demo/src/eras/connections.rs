//! Counts the connections that the browser opens for requests, by what it tells of their timing (Resource Timing).

use js_sys::Array;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{
    PerformanceObserver, PerformanceObserverEntryList, PerformanceObserverInit,
    PerformanceResourceTiming,
};
use yew::prelude::*;

use super::meter::Meter;

/// Requests whose address begins like this count for this meter.
pub(crate) type Watched = (String, Meter);

/// Counts new connections into the meters, as long as the component is there.
#[hook]
pub(crate) fn use_connection_counts(watched: Vec<Watched>) {
    use_effect_with((), move |()| {
        let observer = Observer::start(watched);
        move || drop(observer)
    });
}

/// An observer and the closure that it calls; both end when it is dropped.
struct Observer {
    observer: PerformanceObserver,
    _told: Closure<dyn FnMut(PerformanceObserverEntryList)>,
}

impl Observer {
    /// Begins to observe; none where the browser has no such thing.
    fn start(watched: Vec<Watched>) -> Option<Self> {
        let told = Closure::new(move |list: PerformanceObserverEntryList| {
            for entry in list.get_entries().iter() {
                if let Ok(timing) = entry.dyn_into::<PerformanceResourceTiming>() {
                    note(&watched, &timing);
                }
            }
        });
        let observer = PerformanceObserver::new(told.as_ref().unchecked_ref()).ok()?;
        let kinds = Array::of1(&"resource".into());
        observer.observe(&PerformanceObserverInit::new(&kinds));
        Some(Self {
            observer,
            _told: told,
        })
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

fn note(watched: &[Watched], timing: &PerformanceResourceTiming) {
    let name = timing.name();
    let Some((_, meter)) = watched
        .iter()
        .find(|(address, _)| name.starts_with(address))
    else {
        return;
    };
    // Another origin that does not allow a look shows zeros.
    if timing.connect_end() == 0.0 {
        return;
    }
    // On a connection that was there already, connecting takes no time and "starts" when the request does.
    if timing.connect_end() > timing.fetch_start() {
        meter.connected();
    } else {
        meter.counts_connections();
    }
}
