// What of the extension needs no shell: words, numbers and the arithmetic of gauges. gjs -m units.js EXTENSION-FOLDER
import GLib from 'gi://GLib';
import System from 'system';

const folder = ARGV[0];
const {busGains, catches, done, level, streamGains} = await import(`file://${folder}/gauges.js`);
const {bind, decibels, doneWords, inOrder, lufs, problemTitle, profileName, stateWords, visible} = await import(`file://${folder}/words.js`);

let failures = 0;
function is(what, found, wanted) {
    if (JSON.stringify(found) === JSON.stringify(wanted)) {
        print(`ok: ${what}`);
    } else {
        printerr(`NOT: ${what}: ${JSON.stringify(found)} in place of ${JSON.stringify(wanted)}`);
        failures++;
    }
}

const rest = {'total': 0, 'leveller': 0, 'surge': 0, 'compressor': 0, 'cap': 0, 'limiter': 0, 'app-volume': 0};
is('stage with most part in the gain gives the word',
    done({...rest, total: -12, leveller: 4, surge: -16}), {gainDb: -12, doing: 'surge'});
is('gain that nobody hears is none', done({...rest, total: 0.3, leveller: 8}), {gainDb: 0, doing: 'nothing'});
is('gain of an offset alone has no word', done({...rest, total: -3}).doing, 'nothing');
is('missing gauges are at rest', busGains({'gain-db': NaN}).total, 0);
is('missing level is the floor', level(undefined, 'rms-dbfs'), -120);
const bus = {'gain-db': -2, 'cap-db': -2};
const heard = {'peak-dbfs': -3, 'gain-db': -4, 'leveller-db': -4};
is('chain of the app counts together with the bus', streamGains('app', heard, bus).total, -6);
is('chain of a device stands alone', streamGains('device', heard, bus).total, -4);
is('stages of a device\'s chain are told', done(streamGains('device', {...heard, 'gain-db': -14, 'cap-db': -12}, bus)).doing, 'cap');
is('shipped profiles are offered first', inOrder(['mine', 'bypass-all', 'Abc', 'night', 'default']), ['default', 'night', 'bypass-all', 'Abc', 'mine']);
is('silent stream is not charged with the bus', streamGains('app', {'peak-dbfs': -120}, bus).total, 0);
is('held blast is a catch', [catches({...rest, surge: -9}), catches({...rest, leveller: -9})], [true, false]);

bind(folder);
if (GLib.getenv('LC_ALL')?.startsWith('de')) {
    is('gain is told in the language', doneWords({gainDb: -12.04, doing: 'surge'}),
        'Um 12 dB abgesenkt: plötzlicher Lärm wird zurückgehalten');
    is('texts come from the catalogue of the panel', profileName('default'), 'Alltag');
    is('state is translated', stateWords('bypassed', []).text, 'Der Schutz ist aus');
} else {
    is('state of a later version is not counted on', stateWords('resting', []).look, 'problem');
    is('error beside a running chain is a problem', stateWords('running', [{severity: 'error'}]).look, 'problem');
    is('warning leaves it protected', stateWords('running', [{severity: 'warning'}]).look, 'protected');
    is('unknown severity counts as error', stateWords('running', [{severity: 'odd'}]).look, 'problem');
    is('unknown problem is told in its own sentence', problemTitle({code: 'new', text: 'A sentence.'}), 'A sentence.');
    is('names of others cannot break a line', visible('a\u001b[2J\nb\u202e'), 'a\ufffd[2J\ufffdb\ufffd');
    is('gain is told with its unit', doneWords({gainDb: -12.04, doing: 'surge'}), 'Turned down by 12 dB: a blast is held');
    is('gain that is there is at least one', decibels(-0.6), '1 dB');
    is('loudness has a minus and not a hyphen', lufs(-18.4), '\u221218 LUFS');
    is('gain that nobody hears is no word', doneWords(done({...rest, total: 0.2})), 'Left as it is');
}
System.exit(failures ? 1 : 0);
