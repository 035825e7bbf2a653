//! The panel of Headroom: a client of the bus with a window.

use relm4::RelmApp;

fn main() {
    let app = RelmApp::<()>::new(headroom_api::names::PANEL_ID);
    drop(app);
}
