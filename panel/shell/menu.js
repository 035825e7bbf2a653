// The menu of the quick setting: problems, the gauge, the loudest apps, profiles, off for a while, the panel.
//
// Owns its rows and how often they change. Rows stay where they are while it is open: only their words change.
import Clutter from 'gi://Clutter';
import GLib from 'gi://GLib';
import St from 'gi://St';

import {FLOOR_DB, busGains, done, level, streamGains} from './gauges.js';
import {Meter} from './meter.js';
import {doneWords, inOrder, lufs, profileName, tr, trc, trf, visible} from './words.js';

const APPS = 4;
const PROBLEMS = 3;
const OFF_FOR_S = 30 * 60;
// Words that change faster are not read but flicker.
const WORDS_EVERY_USEC = 500000;
// Order and names of apps, which jump when they change.
const ORDER_EVERY_USEC = 2000000;

// Fills a menu. acts: chooseProfile(name), turnOffFor(seconds), openPanel().
// Returns {show(facts), read(bus, streams, rows), clearMeters()}.
export function body({PopupMenu}, menu, acts) {
    // To be read and not to be clicked on, yet not greyed out.
    const still = () => {
        const item = new PopupMenu.PopupBaseMenuItem({reactive: false, can_focus: false});
        item.remove_style_pseudo_class('insensitive');
        return item;
    };

    const problems = Array.from({length: PROBLEMS}, () => {
        const item = still();
        item.problem = new St.Label({y_align: Clutter.ActorAlign.CENTER});
        item.add_child(new St.Icon({icon_name: 'dialog-warning-symbolic', style_class: 'popup-menu-icon'}));
        item.add_child(item.problem);
        item.label_actor = item.problem;
        menu.addMenuItem(item);
        return item;
    });

    const gauge = still();
    const meter = new Meter();
    const loudness = new St.Label({style_class: 'headroom-done', y_align: Clutter.ActorAlign.CENTER});
    gauge.add_child(column(meter, loudness));
    menu.addMenuItem(gauge);

    const apps = Array.from({length: APPS}, () => {
        const item = still();
        item.name_ = new St.Label({style_class: 'headroom-app'});
        item.done = new St.Label({style_class: 'headroom-app headroom-done'});
        item.add_child(column(item.name_, item.done));
        item.label_actor = item.name_;
        item.visible = false;
        menu.addMenuItem(item);
        return item;
    });

    const separator = new PopupMenu.PopupSeparatorMenuItem();
    menu.addMenuItem(separator);
    const profiles = new PopupMenu.PopupSubMenuMenuItem(tr('Profile'));
    menu.addMenuItem(profiles);
    const timed = menu.addAction(tr('Off for 30 minutes'), () => acts.turnOffFor(OFF_FOR_S));
    const open = menu.addAction(tr('Open Headroom'), () => acts.openPanel());

    const choices = new Map();
    const showProfiles = (names, active) => {
        profiles.label.text = active ? `${tr('Profile')}: ${profileName(active)}` : tr('Profile');
        if (JSON.stringify(names) !== JSON.stringify([...choices.keys()])) {
            // The menu would hold on to one that is under the pointer.
            choices.forEach(item => (item.active = false));
            choices.clear();
            profiles.menu.removeAll();
            for (const name of names)
                choices.set(name, profiles.menu.addAction(profileName(name), () => acts.chooseProfile(name)));
        }
        choices.forEach((item, name) =>
            item.setOrnament(name === active ? PopupMenu.Ornament.DOT : PopupMenu.Ornament.NONE));
    };

    let wordsAt = 0, orderAt = 0, order = [];
    const clearMeters = () => {
        [wordsAt, orderAt, order] = [0, 0, []];
        meter.show_reading(FLOOR_DB, 0);
        loudness.text = tr('Nothing is playing');
        meter.accessible_name = loudness.text;
        apps.forEach(item => (item.visible = false));
    };
    clearMeters();

    return {
        clearMeters,

        show(facts) {
            problems.forEach((item, i) => {
                item.visible = i < facts.problems.length;
                item.problem.text = facts.problems[i] ?? '';
            });
            gauge.visible = facts.isThere;
            profiles.visible = facts.isThere;
            showProfiles(inOrder(facts.profiles), facts.profile);
            const until = facts.bypassUntilUsec;
            timed.visible = facts.isThere && until !== undefined && (facts.isOn || until > 0);
            timed.setSensitive(!(until > 0));
            timed.label.text = until > 0
                ? trf('Off until {time}', {time: clock(until)}) : tr('Off for 30 minutes');
            open.visible = facts.hasPanel;
            separator.visible = facts.isThere || facts.hasPanel;
        },

        // rows: the property Streams.
        read(bus, streams, rows) {
            const loudnessLufs = level(bus, 'momentary-lufs');
            const gains = busGains(bus);
            const now = GLib.get_monotonic_time();
            const loud = loudest(rows, streams);
            const isAnother = loud.length > 0 && !order.includes(loud[0]);
            if (isAnother || now - orderAt >= ORDER_EVERY_USEC)
                [orderAt, order] = [now, loud];
            const seen = order.map(id => rows.find(row => row.id === id)).filter(row => row && streams.has(row.id));
            const doneTo = seen.map(row => done(streamGains(row.chain, streams.get(row.id), bus)));
            // Of all, what is taken away most: an app's own chain stands before the bus.
            meter.show_reading(loudnessLufs, Math.min(gains.total, 0, ...doneTo.map(({gainDb}) => gainDb)));
            if (now - wordsAt < WORDS_EVERY_USEC)
                return;
            wordsAt = now;
            loudness.text = loudnessLufs > FLOOR_DB
                ? `${tr('Loudness')}: ${lufs(loudnessLufs)}` : tr('Nothing is playing');
            meter.accessible_name = loudness.text;
            apps.forEach((item, i) => {
                item.visible = i < seen.length;
                if (!item.visible)
                    return;
                item.name_.text = visible(seen[i].app || tr('Unknown app'));
                item.done.text = seen[i].route === 'processed'
                    ? doneWords(doneTo[i]) : trc('route of a stream', 'Untouched');
                item.accessible_name = `${item.name_.text}: ${item.done.text}`;
            });
        },
    };
}

// Ids of the loudest stream of each app that is heard, the loudest first.
function loudest(rows, streams) {
    const apps = new Map();
    for (const row of rows) {
        const lufsOut = level(streams.get(row.id), 'rms-dbfs');
        if (lufsOut > FLOOR_DB && lufsOut > (apps.get(row.app)?.lufsOut ?? FLOOR_DB))
            apps.set(row.app, {id: row.id, lufsOut});
    }
    return [...apps.values()].sort((a, b) => b.lufsOut - a.lufsOut).slice(0, APPS).map(({id}) => id);
}

function column(...children) {
    const layout = new Clutter.BoxLayout({orientation: Clutter.Orientation.VERTICAL, spacing: 4});
    const box = new St.Widget({layout_manager: layout, x_expand: true});
    children.forEach(child => box.add_child(child));
    return box;
}

// A time of the day, as the person's locale writes it. usec: of CLOCK_REALTIME.
function clock(usec) {
    return new Date(usec / 1000).toLocaleTimeString([], {hour: 'numeric', minute: '2-digit'});
}
