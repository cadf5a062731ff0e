//! The tidewire session protocol, sans-IO.
