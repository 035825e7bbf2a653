// A gauge of two bars: how loud it is behind Headroom, and below it how much is taken away.
//
// Draws when a reading has come and it can be seen, and nothing in between: nothing in it moves by itself.
import Atk from 'gi://Atk';
import GObject from 'gi://GObject';
import St from 'gi://St';

const LOUDEST_LUFS = 0;
const SOFTEST_LUFS = -60;
const MOST_GAIN_DB = 24;
// From above: the bar of loudness, the gap, the bar of gain; of the height.
const BARS = [0.55, 0.15, 0.3];

export const Meter = GObject.registerClass({
    GTypeName: 'HeadroomMeter',
}, class Meter extends St.DrawingArea {
    _init() {
        super._init({
            style_class: 'headroom-meter',
            x_expand: true,
            accessible_role: Atk.Role.LEVEL_BAR,
        });
        this._lufs = SOFTEST_LUFS;
        this._gainDb = 0;
        this.connect('repaint', () => this._paint());
    }

    show_reading(lufs, gainDb) {
        this._lufs = lufs;
        this._gainDb = gainDb;
        if (this.mapped)
            this.queue_repaint();
    }

    _paint() {
        const cr = this.get_context();
        const [width, height] = this.get_surface_size();
        const [loud, gap, gain] = BARS.map(part => part * height);
        const reach = share => Math.min(Math.max(share, 0), 1) * width;
        const lit = reach((this._lufs - SOFTEST_LUFS) / (LOUDEST_LUFS - SOFTEST_LUFS));
        const taken = reach(-this._gainDb / MOST_GAIN_DB);
        const isMirrored = this.get_text_direction() === 2;
        const bar = (name, from, length, y, thickness) => {
            this._setColour(cr, name);
            cr.rectangle(isMirrored ? width - from - length : from, y, length, thickness);
            cr.fill();
        };
        bar('-headroom-track', 0, width, 0, loud);
        bar('-headroom-loudness', 0, lit, 0, loud);
        bar('-headroom-track', 0, width, loud + gap, gain);
        bar('-headroom-gain', width - taken, taken, loud + gap, gain);
        cr.$dispose();
    }

    _setColour(cr, name) {
        const [isFound, colour] = this.get_theme_node().lookup_color(name, true);
        const {red, green, blue, alpha} = isFound ? colour : this.get_theme_node().get_foreground_color();
        cr.setSourceRGBA(red / 255, green / 255, blue / 255, alpha / 255);
    }
});
