//! What is wrong with a configuration; its author's fault.

use std::io;
use std::path::PathBuf;

/// A setting that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The URL of a backend.
    #[error("the backend `{url}`: {why}")]
    Backend {
        /// As it was written.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file with certificates.
    #[error("the certificates of {}: {why}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file with the configuration cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A header to be forwarded whose name is none.
    #[error("`{0}` is no name of a header")]
    Header(String),
    /// The network of a trusted proxy.
    #[error("`{0}` is neither an address nor a network such as 10.0.0.0/8")]
    Network(String),
    /// There is nothing to do.
    #[error("there is no route; name a backend with --backend or in [[routes]]")]
    NoRoute,
    /// An origin whose pages may connect.
    #[error("`{0}` is not an origin such as https://app.example")]
    Origin(String),
    /// A header to be forwarded that the gateway writes itself, or that belongs to one connection.
    #[error(
        "the header `{0}` cannot be forwarded: the gateway writes it itself, or it belongs to one connection"
    )]
    OwnHeader(String),
    /// The path of a route.
    #[error(
        "the path `{0}` must begin with a slash, and have no query, percent sign, backslash or empty segment"
    )]
    Path(String),
    /// Two routes with one path.
    #[error("two routes have the path `{0}`")]
    SamePath(String),
    /// A number or a time.
    #[error(transparent)]
    Setting(#[from] tidewire_server::ConfigError),
    /// The system has no certificates to trust.
    #[error("the system has no certificates to trust ({0}); name a file with ca_file")]
    SystemCertificates(String),
    /// The file with the configuration is not what it should be.
    #[error("{}: {source}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
}
