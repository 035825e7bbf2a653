// What the service says in codes, in words of the person's language: those of the panel, from the same catalogue.
//
// Owns the catalogue and how numbers are written. What is not known here is shown as the service wrote it.
import Gettext from 'gettext';
import GLib from 'gi://GLib';

const DOMAIN = 'headroom';

// Reads the catalogue of the prefix that the extension lies in, or the one in its own folder.
export function bind(extensionPath) {
    const own = `${extensionPath}/locale`;
    const folder = GLib.file_test(own, GLib.FileTest.IS_DIR)
        ? own : GLib.canonicalize_filename('../../../locale', extensionPath);
    Gettext.bindtextdomain(DOMAIN, folder);
}

export const tr = text => Gettext.dgettext(DOMAIN, text);
export const trc = (context, text) => Gettext.dpgettext(DOMAIN, context, text);
export const trf = (text, values) => fill(tr(text), values);

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);

// Text of others: without what could move or break a line, and not endless.
export function visible(text) {
    // eslint-disable-next-line no-control-regex
    const plain = String(text).replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
    return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain;
}

// Whole decibels: one that moves at all is at least one.
export const decibels = value => fill(trc('unit', '{value} dB'), {value: number(Math.max(Math.abs(value), 1))});

export const lufs = value => fill(trc('unit', '{value} LUFS'), {value: number(value)});

const number = value => Math.round(value).toLocaleString().replace('-', '\u2212');

// Profiles that Headroom ships, in the order in which they are offered.
const SHIPPED = ['default', 'night', 'speech', 'transparent', 'spike-protection', 'bypass-all'];

// Profiles as a person chooses from them: those that are shipped first, then by name.
export function inOrder(names) {
    const rank = name => SHIPPED.includes(name) ? SHIPPED.indexOf(name) : SHIPPED.length;
    return [...names].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

// The name of a profile for a person: that of a shipped one is translated, another stands as it is.
export function profileName(name) {
    switch (name) {
    case 'default': return tr('Everyday');
    case 'night': return tr('Night');
    case 'speech': return tr('Talks and calls');
    case 'transparent': return tr('Safety limit only');
    case 'spike-protection': return tr('Sudden blasts only');
    case 'bypass-all': return tr('Only apps that I choose');
    default: return visible(name);
    }
}

// What is done to a sound now.
export function doneWords({gainDb, doing}) {
    const gain = decibels(gainDb);
    if (gainDb === 0)
        return tr('Left as it is');
    if (gainDb > 0)
        return trf('Raised by {gain}', {gain});
    switch (doing) {
    case 'leveller': return trf('Turned down by {gain} to even out loudness', {gain});
    case 'surge': return trf('Turned down by {gain}: a blast is held', {gain});
    case 'compressor': return trf('Turned down by {gain} by the compressor', {gain});
    case 'cap': return trf('Turned down by {gain}: never louder than you allow', {gain});
    case 'limiter': return trf('Turned down by {gain}: kept below the ceiling', {gain});
    case 'guard':
        return trf('Turned down by {gain} for a moment: the volume of the device is new', {gain});
    case 'app-volume': return trf('Turned down by {gain} by app volume control', {gain});
    default: return trf('Turned down by {gain}', {gain});
    }
}

// A heading for a problem; that of an unknown one is the service's own sentence.
export function problemTitle(problem) {
    switch (problem.code) {
    case 'pipewire-away': return tr('The sound system is away');
    case 'no-session-manager': return tr('Nothing connects apps to Headroom');
    case 'session-manager-too-old': return tr('WirePlumber is too old');
    case 'filter-failed': return tr('The filter could not be started');
    case 'safe-mode': return tr('Headroom stepped aside');
    case 'starved': return tr('The machine was too busy');
    case 'kept-quiet': return tr('Kept quiet until it is protected again');
    case 'realtime-priority': return tr('No real-time priority');
    case 'device-unprotected': return tr('A device is not protected');
    case 'device-amplified': return tr("A device amplifies what it plays");
    case 'sum-clips': return tr('Apps that play together clip');
    case 'other-effects': return tr('Another program takes the sound past Headroom');
    case 'stale-pins': return tr('Another program has left a device behind');
    case 'chains-full': return tr('Too many apps play at once');
    case 'profile-broken': return tr('A profile cannot be read');
    case 'profile-missing': return tr("The profile's file is gone");
    case 'state-file-damaged': return tr('The file of your choices was damaged');
    case 'session-not-saved': return tr('Headroom cannot write to its folder');
    case 'sandbox-socket': return tr('The sandbox has lost the sound system');
    default: return visible(problem.text ?? problem.code ?? '');
    }
}

// What a state means: {look, isOn, text}. look: "protected", "off" or "problem"; isOn: where the switch stands.
export function stateWords(state, problems) {
    const isBad = problems.some(problem => problem.severity !== 'warning');
    switch (state) {
    case 'absent': return {look: 'off', isOn: false, text: tr('Headroom is not running')};
    case 'silent': return {look: 'problem', isOn: false, text: tr('Headroom does not answer')};
    case 'connecting': return {look: 'off', isOn: false, text: tr('Looking for Headroom')};
    case 'running': return {look: isBad ? 'problem' : 'protected', isOn: true, text: tr('Apps are protected')};
    case 'bypassed': return {look: 'off', isOn: false, text: tr('Protection is off')};
    case 'waiting': return {look: isBad ? 'problem' : 'off', isOn: true, text: tr('Waiting for the sound system')};
    case 'sidelined': return {look: 'problem', isOn: true, text: tr('Nothing is protected: another program takes the sound past Headroom')};
    case 'safe-mode': return {look: 'problem', isOn: false, text: tr('Safe mode: nothing is protected')};
    default: return {look: 'problem', isOn: false, text: trf('Do not count on protection: the service says “{word}”', {word: visible(state)})};
    }
}
