//! The mouse wheel scrolls a page, whatever lies under the pointer.

use std::rc::Rc;

use gtk::{glib::object::IsA, prelude::*};

/// Has a slider or a spin button take the wheel only once it was clicked, until it loses the focus: who
/// scrolls over it means the page.
pub fn after_click(widget: &impl IsA<gtk::Widget>) {
    let widget = widget.as_ref();
    let controllers = widget.observe_controllers();
    let wheels: Vec<gtk::EventControllerScroll> =
        (0..controllers.n_items()).filter_map(|n| controllers.item(n)?.downcast().ok()).collect();
    let hear = Rc::new(move |phase| {
        for wheel in &wheels {
            wheel.set_propagation_phase(phase);
        }
    });
    hear(gtk::PropagationPhase::None);
    let click = gtk::GestureClick::new();
    click.set_propagation_phase(gtk::PropagationPhase::Capture);
    click.connect_pressed({
        let hear = Rc::clone(&hear);
        move |_, _, _, _| hear(gtk::PropagationPhase::Bubble)
    });
    widget.add_controller(click);
    let focus = gtk::EventControllerFocus::new();
    focus.connect_leave(move |_| hear(gtk::PropagationPhase::None));
    widget.add_controller(focus);
}
