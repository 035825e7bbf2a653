// Headroom in GNOME Shell's top bar: an indicator and a quick setting, the same for all versions of the shell.
//
// Owns what is shown, and when. Readings are subscribed to only while the menu is open; otherwise a change on the bus
// wakes this, and nothing else does. Must not know more than the bus tells, nor import from the shell: its parts are
// handed in, as where they are differs from version to version.
import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import Shell from 'gi://Shell';
import St from 'gi://St';

import {Link} from './link.js';
import {busGains, catches, streamGains} from './gauges.js';
import {body} from './menu.js';
import {bind, problemTitle, profileName, stateWords, tr} from './words.js';

const PANEL = 'com.example.Headroom.Panel.desktop';
const READINGS_HZ = 10;
const CALM_READINGS_HZ = 2;
// How long a catch is seen.
const CATCH_SHOWS_MS = 1500;

let classes = null;

// A class can be registered once in the life of the shell, and extensions are enabled many times.
function classesOf({QuickSettings, version}) {
    classes ??= {
        Indicator: GObject.registerClass({GTypeName: 'HeadroomIndicator'},
            class extends QuickSettings.SystemIndicator {}),
        Toggle: GObject.registerClass({GTypeName: 'HeadroomToggle'},
            class extends QuickSettings.QuickMenuToggle {
                _init(params) {
                    super._init({...params, [version < 44 ? 'label' : 'title']: 'Headroom', toggleMode: false});
                }
            }),
    };
    return classes;
}

export class Headroom {
    // shell: {Main, PopupMenu, QuickSettings, path, version}
    constructor(shell) {
        this._shell = shell;
        bind(shell.path);
    }

    enable() {
        const {Indicator, Toggle} = classesOf(this._shell);
        this._icons = {};
        for (const look of ['protected', 'off', 'catching', 'problem']) {
            const name = look === 'protected' ? 'headroom' : `headroom-${look}`;
            this._icons[look] = Gio.icon_new_for_string(`${this._shell.path}/icons/${name}-symbolic.svg`);
        }
        this._indicator = new Indicator();
        this._icon = this._indicator._addIndicator();
        this._toggle = new Toggle({gicon: this._icons.off});
        this._toggle.connect('clicked', () => this._switch());
        this._menuWords = body(this._shell, this._toggle.menu, {
            chooseProfile: name => this._link.set('ActiveProfile', 's', name, error => this._refused(error)),
            turnOffFor: seconds => this._link.call('BypassFor', new GLib.Variant('(u)', [seconds]),
                error => this._refused(error)),
            openPanel: () => this._openPanel(),
        });
        this._toggle.menu.connect('open-state-changed', (_menu, isOpen) => this._menuMoved(isOpen));
        this._indicator.quickSettingsItems.push(this._toggle);
        this._place();
        this._link = new Link({
            changed: () => this._show(),
            metersRead: (bus, streams) => this._read(bus, streams),
            metersEnded: () => this._menuWords.clearMeters(),
            caught: () => this._catch(),
        });
        this._link.start();
        this._show();
    }

    disable() {
        // The quick settings would stay dimmed behind it, and close it later.
        this._toggle.menu.close();
        this._link.stop();
        this._endCatch();
        this._indicator.quickSettingsItems.forEach(item => item.destroy());
        this._indicator.destroy();
        this._link = this._indicator = this._icon = this._toggle = this._menuWords = null;
    }

    _place() {
        const {quickSettings} = this._shell.Main.panel.statusArea;
        if (quickSettings.addExternalIndicator) {
            quickSettings.addExternalIndicator(this._indicator);
        } else {
            quickSettings._indicators.insert_child_at_index(this._indicator, 0);
            quickSettings._addItems(this._indicator.quickSettingsItems);
        }
    }

    _show() {
        const problems = this._link.get('Problems') ?? [];
        const profile = this._link.get('ActiveProfile');
        const words = stateWords(this._link.state, problems);
        this._words = words;
        this._toggle.checked = words.isOn;
        // Since 44; before, a toggle has one line. There is room for a word or two.
        if (this._shell.version >= 44)
            this._toggle.subtitle = words.look === 'protected' && profile ? profileName(profile) : words.text;
        this._toggle.accessible_name = `Headroom: ${words.text}`;
        this._toggle.menu.setHeader(this._icons[words.look], 'Headroom', words.text);
        this._showIcon();
        this._menuWords.show({
            problems: problems.map(problemTitle),
            profile,
            profiles: Object.keys(this._link.get('Profiles') ?? {}),
            // Where the service has no end of a bypass, nothing is offered.
            bypassUntilUsec: this._link.get('BypassUntil'),
            isThere: !['absent', 'silent', 'connecting'].includes(this._link.state),
            isOn: words.isOn,
            hasPanel: Boolean(this._panel()),
        });
    }

    _showIcon() {
        const isCatching = Boolean(this._catchId);
        const look = isCatching ? 'catching' : this._words.look;
        this._icon.gicon = this._icons[look];
        this._toggle.gicon = this._icons[this._words.look];
        this._icon.accessible_name = `Headroom: ${isCatching ? tr('A blast was held') : this._words.text}`;
        if (isCatching)
            this._icon.add_style_class_name('headroom-catching');
        else
            this._icon.remove_style_class_name('headroom-catching');
    }

    // The switch shows what the service says: it moves when that has changed.
    _switch() {
        if (this._link.state === 'absent')
            this._link.startService(error => this._refused(error));
        else
            this._link.set('Bypass', 'b', this._words.isOn, error => this._refused(error));
    }

    _refused(sentence) {
        this._shell.Main.notifyError('Headroom', sentence);
    }

    _menuMoved(isOpen) {
        if (isOpen) {
            this._link.watchMeters(isCalm() ? CALM_READINGS_HZ : READINGS_HZ);
        } else {
            this._link.unwatchMeters();
            this._menuWords.clearMeters();
        }
    }

    _read(bus, streams) {
        this._menuWords.read(bus, streams, this._link.get('Streams') ?? []);
        const own = [...streams.values()].map(stream => streamGains('none', stream, bus));
        if ([busGains(bus), ...own].some(catches))
            this._catch();
    }

    _catch() {
        const isNew = !this._catchId;
        this._endCatch();
        this._catchId = GLib.timeout_add(GLib.PRIORITY_DEFAULT, CATCH_SHOWS_MS, () => {
            this._catchId = 0;
            this._showIcon();
            return GLib.SOURCE_REMOVE;
        });
        if (isNew)
            this._showIcon();
    }

    _endCatch() {
        if (this._catchId)
            GLib.source_remove(this._catchId);
        this._catchId = 0;
    }

    _panel() {
        return Shell.AppSystem.get_default().lookup_app(PANEL);
    }

    _openPanel() {
        this._shell.Main.overview.hide();
        this._shell.Main.panel.closeQuickSettings?.();
        this._panel()?.activate();
    }
}

// Whether the person wants little to move.
function isCalm() {
    if (!St.Settings.get().enable_animations)
        return true;
    const schema = Gio.SettingsSchemaSource.get_default().lookup('org.gnome.desktop.a11y.interface', true);
    return Boolean(schema?.has_key('reduced-motion')) &&
        new Gio.Settings({settings_schema: schema}).get_string('reduced-motion') === 'reduce';
}
