//! Axum routes and sessions for tidewire clients.
