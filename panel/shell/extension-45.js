// The entry for GNOME Shell 45 and later, whose extensions are modules; installed as extension.js.
//
// Hands the shell's own parts to core.js, which is the same for all versions, and knows nothing else.
import {PACKAGE_VERSION} from 'resource:///org/gnome/shell/misc/config.js';
import {Extension} from 'resource:///org/gnome/shell/extensions/extension.js';
import * as Main from 'resource:///org/gnome/shell/ui/main.js';
import * as PopupMenu from 'resource:///org/gnome/shell/ui/popupMenu.js';
import * as QuickSettings from 'resource:///org/gnome/shell/ui/quickSettings.js';

import {Headroom} from './core.js';

export default class HeadroomExtension extends Extension {
    enable() {
        this._headroom = new Headroom({
            Main, PopupMenu, QuickSettings, path: this.path, version: parseInt(PACKAGE_VERSION),
        });
        this._headroom.enable();
    }

    disable() {
        this._headroom.disable();
        this._headroom = null;
    }
}
