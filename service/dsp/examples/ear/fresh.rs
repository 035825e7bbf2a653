//! Scenarios of other material, at other levels, that nobody has looked at while the law was made.

use crate::plans::{
    Around, ambience_plan, bang_plan, blast_plan, crowd_plan, drops_plan, drums_plan, first_plan,
    first_speech_plan, laughs_plan, music_plan, pauses_plan, playlist_plan, talk_plan,
    talkers_plan, tone_plan,
};
use crate::scenarios::Plan;
use crate::sources::{Blast, UNHEARD};

/// All of them, in the order of the table.
pub(crate) fn all() -> Vec<Plan> {
    let mut plans = Vec::new();
    for (number, (kind, level, above, ms)) in [
        (Blast::Music, -27, 14, 700),
        (Blast::Alarm, -21, 16, 1_200),
        (Blast::Music, -28, 18, 2_400),
        (Blast::Noise, -25, 15, 2_800),
        (Blast::Alarm, -27, 22, 3_300),
        (Blast::Impacts, -24, 17, 3_700),
        (Blast::Music, -22, 10, 4_500),
        (Blast::Swell, -26, 19, 5_000),
        (Blast::Music, -26, 17, 12_000),
        (Blast::Impacts, -29, 22, 15_000),
        (Blast::Alarm, -20, 9, 20_000),
        (Blast::Noise, -27, 8, 1_700),
    ]
    .into_iter()
    .enumerate()
    {
        plans.push(blast_plan(kind, UNHEARD + number, level, above, ms, Around::of(ms)));
    }
    plans.push(blast_plan(Blast::Music, UNHEARD + 13, -24, 18, 3_200, Around::soon()));
    plans.extend([
        first_plan(Blast::Music, UNHEARD + 14, -7, 300),
        first_plan(Blast::Alarm, UNHEARD + 15, -5, 100),
        first_speech_plan(UNHEARD + 1, -9),
        playlist_plan(7, UNHEARD, 200),
        playlist_plan(8, UNHEARD + 8, 0),
        pauses_plan("pink", UNHEARD + 2, 17, -21),
        pauses_plan("sauna", UNHEARD + 3, 22, -25),
        bang_plan("bd_boom", UNHEARD, -0.5, -25),
        bang_plan("elec_pop", UNHEARD + 1, -0.5, -21),
        music_plan(20, UNHEARD + 1, -15),
        music_plan(21, UNHEARD + 4, -19),
        music_plan(22, UNHEARD + 9, -22),
        music_plan(23, UNHEARD + 12, -12),
        drums_plan("sparse-bd", -19),
        drums_plan("loop-tabla", -17),
        drops_plan(UNHEARD + 6, 9),
        laughs_plan(UNHEARD + 2, 5),
        talk_plan(4, UNHEARD),
        talkers_plan(4_000, [UNHEARD, UNHEARD + 1]),
        tone_plan("75", UNHEARD, &[75.0]),
        crowd_plan(UNHEARD + 1, -12, 11),
        ambience_plan("sauna", UNHEARD + 3, -40),
    ]);
    plans
}
