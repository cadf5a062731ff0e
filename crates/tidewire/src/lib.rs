//! A realtime client for browsers that always comes back.
