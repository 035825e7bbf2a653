// What is done to a sound, from the gauges of Meters; the same arithmetic as headroom_api's.
//
// Pure. A gauge that is missing or no number is at rest.

export const FLOOR_DB = -120;
// The least gain that is called one, in dB.
const AUDIBLE_DB = 0.5;
// Of stages that do as much, the one that is named first.
const STAGES = ['surge', 'cap', 'limiter', 'guard', 'leveller', 'compressor', 'app-volume'];

function gain(table, key) {
    const value = table[key];
    return Number.isFinite(value) ? value : 0;
}

// A level in dB; the floor where there is none.
export function level(table, key) {
    const value = table?.[key];
    return Number.isFinite(value) ? Math.max(value, FLOOR_DB) : FLOOR_DB;
}

export function busGains(bus) {
    return {
        'total': gain(bus, 'gain-db'),
        'leveller': gain(bus, 'leveller-db'),
        'surge': gain(bus, 'surge-db'),
        'compressor': gain(bus, 'compressor-db'),
        'cap': gain(bus, 'cap-db'),
        'limiter': gain(bus, 'limiter-soft-db') + gain(bus, 'limiter-hard-db'),
        'guard': gain(bus, 'guard-db'),
        'app-volume': 0,
    };
}

// chain: what the stream plays through, as in Streams.
export function streamGains(chain, stream, bus) {
    const gains = {
        'total': gain(stream, 'gain-db') + gain(stream, 'level-db'),
        'leveller': gain(stream, 'leveller-db'),
        'surge': gain(stream, 'surge-db'),
        'compressor': gain(stream, 'compressor-db'),
        // These three are there for a stream in the chain before another device.
        'cap': gain(stream, 'cap-db'),
        'limiter': gain(stream, 'limiter-db'),
        'guard': gain(stream, 'guard-db'),
        'app-volume': gain(stream, 'level-db'),
    };
    if ((chain === 'app' || chain === 'bus') && level(stream, 'peak-dbfs') > FLOOR_DB) {
        for (const [stage, gainDb] of Object.entries(busGains(bus)))
            gains[stage] += gainDb;
    }
    return gains;
}

// Returns the one gain, and the stage that has most part in it: {gainDb, doing}.
export function done(gains) {
    const gainDb = gains.total;
    let doing = 'nothing', mostDb = AUDIBLE_DB;
    if (Math.abs(gainDb) < AUDIBLE_DB)
        return {gainDb: 0, doing};
    for (const stage of STAGES) {
        const partDb = gains[stage] * Math.sign(gainDb);
        if (partDb > mostDb || (doing === 'nothing' && partDb >= mostDb))
            [doing, mostDb] = [stage, partDb];
    }
    return {gainDb, doing};
}

// Whether a blast, or what is louder than allowed, is held now.
export function catches(gains) {
    return Math.min(gains.surge, gains.cap, gains.limiter) <= -3;
}
