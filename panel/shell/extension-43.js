// The entry for GNOME Shell 43 and 44, whose extensions are scripts and no modules; installed as extension.js.
//
// Hands the shell's own parts to core.js, which is the same for all versions, and knows nothing else.
/* exported init */
'use strict';

const Config = imports.misc.config;
const ExtensionUtils = imports.misc.extensionUtils;
const Main = imports.ui.main;
const PopupMenu = imports.ui.popupMenu;
const QuickSettings = imports.ui.quickSettings;

class Extension {
    enable() {
        const me = ExtensionUtils.getCurrentExtension();
        const wanted = {};
        this._wanted = wanted;
        import(`file://${me.path}/core.js`).then(core => {
            // Disabled while the module was being read, or disabled and enabled again.
            if (this._wanted !== wanted)
                return;
            this._headroom = new core.Headroom({
                Main, PopupMenu, QuickSettings, path: me.path, version: parseInt(Config.PACKAGE_VERSION),
            });
            this._headroom.enable();
        }).catch(error => logError(error, 'headroom'));
    }

    disable() {
        this._wanted = null;
        this._headroom?.disable();
        this._headroom = null;
    }
}

function init() {
    return new Extension();
}
