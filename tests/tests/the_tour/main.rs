//! What the demo promises to a visitor: one file per promise, in one program, since two browsers may work side by side here.

mod is_for_everybody;
mod lists_who_is_connected;
mod shows_four_eras;
mod shows_the_wire;
mod survives_what_one_breaks;
