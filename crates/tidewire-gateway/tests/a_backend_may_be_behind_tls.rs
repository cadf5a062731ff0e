//! A backend at `wss://` is reached where its certificate has its name and is vouched for, and not otherwise.

mod support;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use support::backend::accept;
use support::client::{TestClient, quick};
use support::{Control, DROP_IN, Front, control};
use tidewire_gateway::{GatewayConfig, Route};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// An authority of this test's own.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("a certificate")
}

/// Its certificate in a file.
fn file(name: &str, authority: &CertifiedIssuer<'_, KeyPair>) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, authority.pem()).expect("a file");
    path
}

/// A server behind TLS that echoes, with a certificate for this name.
async fn echo(name: &str, authority: &CertifiedIssuer<'_, KeyPair>) -> SocketAddr {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new([name.to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        )
        .expect("a certificate");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // One that does not believe the certificate leaves.
            if let Ok(stream) = acceptor.accept(stream).await {
                tokio::spawn(accept(stream, &[]).await.echo());
            }
        }
    });
    address
}

async fn front(backend: SocketAddr, ca_file: PathBuf) -> Front {
    let url = format!("wss://localhost:{}/", backend.port());
    let route = Route::new("/live", &url).expect("a route").ca_file(ca_file);
    Front::start(GatewayConfig::new([route])).await
}

#[tokio::test]
async fn a_certificate_that_is_vouched_for_is_accepted() {
    let authority = authority();
    let backend = echo("localhost", &authority).await;
    let front = front(backend, file("ours.pem", &authority)).await;
    let mut client = TestClient::connect(front.address, quick());
    client.send("through TLS").await;
    assert_eq!(client.text().await, "through TLS");
    // A plain client goes the same way.
    let (mut socket, _) = support::plain(front.address, "/live", "")
        .await
        .expect("open");
    futures_util::SinkExt::send(&mut socket, "plainly".into())
        .await
        .expect("open");
    let heard = support::in_time(futures_util::StreamExt::next(&mut socket)).await;
    assert_eq!(
        heard
            .expect("open")
            .expect("a frame")
            .into_text()
            .expect("text"),
        "plainly"
    );
}

#[tokio::test]
async fn a_certificate_of_another_name_or_of_a_stranger_is_not() {
    let (ours, theirs) = (authority(), authority());
    for (backend, ca_file) in [
        (echo("other.test", &ours).await, file("name.pem", &ours)),
        (
            echo("localhost", &theirs).await,
            file("stranger.pem", &ours),
        ),
    ] {
        let front = front(backend, ca_file).await;
        let mut client = TestClient::connect_as(front.address, quick(), DROP_IN);
        match control(&mut client).await {
            Ok(Control::Closed {
                code: 4502, reason, ..
            }) => {
                assert!(reason.starts_with("backend-tls: "), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
}
