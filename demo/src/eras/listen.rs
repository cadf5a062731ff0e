//! Eras 2 to 4: a client of the library over one transport, observed.

use tidewire::{Incoming, RequestOutcome, Traffic, Transport, use_tidewire};
use yew::prelude::*;

use super::card::{card, use_card_frames, use_drawing};
use super::era::Era;
use super::meter::Meter;
use super::news::News;
use super::source::Source;
use crate::clock;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) era: Era,
    pub(crate) transport: Transport,
    /// Address of the news; tells this era's connections from those of others.
    pub(crate) url: AttrValue,
    /// Milliseconds between two scheduled requests.
    #[prop_or(1_000)]
    pub(crate) interval: u32,
    pub(crate) source: Source,
    pub(crate) meter: Meter,
    pub(crate) is_paused: bool,
    #[prop_or_default]
    pub(crate) children: Html,
}

#[component]
pub(crate) fn Listen(props: &Props) -> Html {
    let frames = use_card_frames();
    let (transport, interval) = (props.transport, u64::from(props.interval));
    // Part of the address, so that another interval makes another client, with another session.
    let url = format!("{}&interval={interval}", props.url);
    let live = {
        let (observed, meter) = (props.meter.clone(), props.meter.clone());
        let source = props.source.clone();
        use_tidewire(
            &url,
            move |builder| {
                builder
                    .transports([transport])
                    .remember_transport(false)
                    .configure(|config| {
                        let interval = std::time::Duration::from_millis(interval);
                        config.polling_floor = interval;
                        config.polling_ceiling = interval;
                        if transport == Transport::Polling {
                            // Acknowledgements wait 8 times that over HTTP: here until the next request, however far it is.
                            config.ack_delay = interval / 8;
                        }
                    })
                    .observe(move |traffic| note(&observed, traffic))
            },
            move |incoming| {
                let Incoming::Message(message) = incoming else {
                    return;
                };
                if let Some(news) = News::read(&message) {
                    source.heard_of(&news);
                    meter.arrived(clock::now(), news, source.is_since_the_page_began(&news));
                    frames.request();
                }
            },
        )
    };
    {
        let meter = props.meter.clone();
        use_effect_with(interval, move |interval| {
            meter.paced(clock::now(), *interval);
        });
    }
    props
        .meter
        .round_trip(live.stats().of(transport).round_trip);
    let drawing = use_drawing(&props.meter, &props.source, props.is_paused);
    card(
        props.era,
        &drawing,
        &props.source.clock(),
        props.children.clone(),
    )
}

fn note(meter: &Meter, traffic: &Traffic) {
    let now = clock::now();
    match *traffic {
        Traffic::PacketReceived { bytes, .. } => meter.frame(now, false, bytes as u64),
        Traffic::PacketSent { bytes, .. } => meter.frame(now, true, bytes as u64),
        Traffic::RequestEnded { id, outcome } => {
            let bytes = match outcome {
                RequestOutcome::Answered { bytes, .. } => bytes as u64,
                _ => 0,
            };
            meter.request_ended(now, id, bytes);
        }
        Traffic::RequestStarted { id, bytes, .. } => meter.request_started(now, id, bytes as u64),
        Traffic::SocketOpened { .. } => meter.connected(),
        _ => {}
    }
}
