// A hand and an eye in a shell that runs with --unsafe-mode; scripts/test-shell hands this to org.gnome.Shell.Eval.
//
// A script and no module: that is what Eval takes.
globalThis.headroomTest = (() => {
    const {Clutter, GLib} = imports.gi;
    const quick = Main.panel.statusArea.quickSettings;
    const named = (actors, type) => actors.find(actor => actor.constructor.$gtype?.name === type);
    // Later shells have no default of it.
    const backend = Clutter.get_default_backend?.() ?? global.stage.get_context().get_backend();
    const pointer = backend.get_default_seat()
        .create_virtual_device(Clutter.InputDeviceType.POINTER_DEVICE);
    const all = actor => [actor, ...actor.get_children().flatMap(all)];

    const test = {
        toggle: () => named(all(quick.menu.actor), 'HeadroomToggle'),
        indicator: () => named(all(quick), 'HeadroomIndicator'),
        meter: () => named(all(test.toggle().menu.actor), 'HeadroomMeter'),
        // Which picture the indicator shows: "headroom", "headroom-off", "headroom-catching", "headroom-problem".
        icon: () => test.indicator().get_children()[0].gicon.get_file().get_basename().replace('-symbolic.svg', ''),
        says: () => test.indicator().get_children()[0].accessible_name,
        // Texts that can be seen in the menu.
        texts: () => all(test.toggle().menu.actor).filter(actor => actor.mapped && typeof actor.text === 'string' &&
            actor.constructor.$gtype.name !== 'ClutterText').map(label => label.text),
        has: text => test.texts().some(each => each.includes(text)),
        open: () => { quick.menu.open(); test.toggle().menu.open(); },
        // The quick settings alone, whose switches are out of reach while a menu lies over them.
        switches: () => { test.toggle().menu.close(); quick.menu.open(); },
        close: () => quick.menu.close(),
        find: text => {
            const label = all(quick.menu.actor).find(actor => actor.mapped && typeof actor.text === 'string' &&
                actor.text.includes(text));
            return label ?? null;
        },
        // Brings the pointer to it, as a person does before a click. Whether it is there, and what it is on lies where it
        // lay when this was asked last: what appears moves others, and the shell looks where the pointer is when it draws.
        reaches: actor => {
            const place = actor?.mapped ? String(actor.get_transformed_position()) : null;
            const before = test.place;
            test.place = place;
            if (place === null)
                return false;
            const [x, y] = actor.get_transformed_position(), [width, height] = actor.get_transformed_size();
            test.move(x + width / 3, y + height / 2);
            let pressed = actor;
            while (!pressed.track_hover)
                pressed = pressed.get_parent();
            return place === before && pressed.hover;
        },
        // Clicks where the pointer is.
        click: () => {
            for (const state of [Clutter.ButtonState.PRESSED, Clutter.ButtonState.RELEASED])
                pointer.notify_button(GLib.get_monotonic_time(), 1, state);
            return true;
        },
        move: (x, y) => pointer.notify_absolute_motion(GLib.get_monotonic_time(), x, y),
    };
    test.move(10, 700);
    return test;
})();
true;
