//! Chains whose input the graph would wait for in vain.
//!
//! A node of the graph runs once all that plays into it has run. So the bus waits for the chain of an application that
//! hangs, or that has died and is in the graph still, and everybody waits for the bus. Here chains note when their input
//! comes; one whose input was missing from [`MISSED_CYCLES`] cycles in which another's came is passed over: the other
//! has its output go on without sound, cycle by cycle, until its input comes again.
//!
//! The loop thread adds and takes away chains, the data thread does the rest. What an output is, only the caller knows.

use std::{array, ptr};

use super::sync::{
    Arc, AtomicBool, AtomicI64, AtomicPtr, AtomicU32, AtomicUsize, MOST_CHAINS, Ordering, yield_now,
};

/// Cycles without its input after which a chain is waited for no more: one is lost easily.
const MISSED_CYCLES: usize = 2;
/// Cycles that each chain knows of: this one, those that another may have missed, and the one before.
const KNOWN_CYCLES: usize = MISSED_CYCLES + 2;

/// The chains that are watched, with an output of type `T` each.
#[derive(Debug)]
pub struct Stalls<T> {
    places: [Place<T>; MOST_CHAINS],
    /// Places from the first to the last that was ever taken.
    used: AtomicUsize,
    /// Calls on the data thread that may be at an output now.
    visits: AtomicU32,
}

#[derive(Debug)]
struct Place<T> {
    /// Null while the place is free.
    output: AtomicPtr<T>,
    /// Who begins the chain's cycles; 0 while unknown.
    driver: AtomicU32,
    /// The cycle in which its input came last, by when that began, in ns; 0 before the first.
    came_ns: AtomicI64,
    /// The cycle in which it was passed over last.
    passed_over_ns: AtomicI64,
    is_stalled: AtomicBool,
}

impl<T> Default for Stalls<T> {
    fn default() -> Self {
        let place = |_| Place {
            output: AtomicPtr::new(ptr::null_mut()),
            driver: AtomicU32::new(0),
            came_ns: AtomicI64::new(0),
            passed_over_ns: AtomicI64::new(0),
            is_stalled: AtomicBool::new(false),
        };
        Self { places: array::from_fn(place), used: AtomicUsize::new(0), visits: AtomicU32::new(0) }
    }
}

impl<T> Place<T> {
    fn rest(&self) {
        self.came_ns.store(0, Ordering::Relaxed);
        self.passed_over_ns.store(0, Ordering::Relaxed);
        self.is_stalled.store(false, Ordering::Relaxed);
    }

    /// Says whether its input is missing from this cycle, the first of those given, as it was from those before.
    fn is_missing(&self, cycles_ns: &[i64; KNOWN_CYCLES]) -> bool {
        let came_ns = self.came_ns.load(Ordering::Relaxed);
        if came_ns == cycles_ns[0] {
            return false;
        }
        let has_missed = came_ns != 0 && came_ns == cycles_ns[KNOWN_CYCLES - 1];
        has_missed || self.is_stalled.load(Ordering::Relaxed)
    }
}

/// A chain that is watched until this is dropped; the loop thread's.
#[derive(Debug)]
pub struct Watched<T> {
    stalls: Arc<Stalls<T>>,
    number: usize,
}

impl<T> Watched<T> {
    /// Begins to watch the chain with this output, which is to stay where it is while this lives; `None` where there
    /// are too many.
    ///
    /// For one thread alone.
    pub fn new(stalls: &Arc<Stalls<T>>, output: *mut T) -> Option<Self> {
        let is_free = |place: &Place<T>| place.output.load(Ordering::Relaxed).is_null();
        let number = stalls.places.iter().position(is_free)?;
        let place = &stalls.places[number];
        place.driver.store(0, Ordering::Relaxed);
        place.rest();
        place.output.store(output, Ordering::Release);
        stalls.used.fetch_max(number + 1, Ordering::Release);
        Some(Self { stalls: stalls.clone(), number })
    }

    /// Returns the data thread's part of it.
    pub fn arrivals(&self) -> Arrivals<T> {
        Arrivals { stalls: self.stalls.clone(), number: self.number, cycles_ns: [0; KNOWN_CYCLES] }
    }

    /// Notes who begins the chain's cycles: only chains of one driver look at each other. 0 for unknown.
    pub fn set_driver(&self, driver: u32) {
        let place = &self.stalls.places[self.number];
        if place.driver.swap(driver, Ordering::Relaxed) != driver {
            place.rest();
        }
    }

    /// Notes that the chain is in no cycle until its input comes again.
    pub fn rest(&self) {
        self.stalls.places[self.number].rest();
    }
}

impl<T> Drop for Watched<T> {
    fn drop(&mut self) {
        self.stalls.places[self.number].output.store(ptr::null_mut(), Ordering::Release);
        // Nobody is at the output once a moment has been without a visit, and whoever visits after that sees that it went:
        // a read that writes puts the two in an order. A visit takes microseconds, and waits for nobody.
        while self.stalls.visits.fetch_add(0, Ordering::AcqRel) > 0 {
            yield_now();
        }
    }
}

/// The data thread's part of a chain that is watched.
#[derive(Debug)]
pub struct Arrivals<T> {
    stalls: Arc<Stalls<T>>,
    number: usize,
    /// Cycles in which the chain's input came, the newest first.
    cycles_ns: [i64; KNOWN_CYCLES],
}

impl<T> Arrivals<T> {
    /// Notes that the input has come in the cycle that began then; false when the cycle has gone on without it, and
    /// the input is to be dropped.
    ///
    /// # Real-time
    /// Atomics only.
    #[cfg_attr(rtsan, sanitize(realtime = "nonblocking"))]
    pub fn come(&mut self, cycle_ns: i64) -> bool {
        if self.cycles_ns[0] != cycle_ns {
            self.cycles_ns.copy_within(..KNOWN_CYCLES - 1, 1);
            self.cycles_ns[0] = cycle_ns;
        }
        let place = &self.stalls.places[self.number];
        place.came_ns.store(cycle_ns, Ordering::Relaxed);
        place.is_stalled.store(false, Ordering::Relaxed);
        cycle_ns == 0 || place.passed_over_ns.load(Ordering::Relaxed) != cycle_ns
    }

    /// Has the output of every chain of the same driver go on whose input is missing, once in a cycle, after
    /// [`come`](Self::come); `go_on` may use the output until it returns.
    ///
    /// # Real-time
    /// Atomics only, in a time bounded by the number of chains and by `go_on`'s.
    pub fn pass_over(&self, mut go_on: impl FnMut(*mut T)) {
        let cycle_ns = self.cycles_ns[0];
        let stalls = &*self.stalls;
        let driver = stalls.places[self.number].driver.load(Ordering::Relaxed);
        if cycle_ns == 0 || driver == 0 {
            return;
        }
        stalls.visits.fetch_add(1, Ordering::AcqRel);
        for place in &stalls.places[..stalls.used.load(Ordering::Acquire)] {
            let output = place.output.load(Ordering::Acquire);
            if !output.is_null()
                && place.driver.load(Ordering::Relaxed) == driver
                && place.is_missing(&self.cycles_ns)
            {
                place.is_stalled.store(true, Ordering::Relaxed);
                if place.passed_over_ns.swap(cycle_ns, Ordering::Relaxed) != cycle_ns {
                    go_on(output);
                }
            }
        }
        stalls.visits.fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const DRIVER: u32 = 40;
    const NOBODY: [usize; 0] = [];

    /// Chains in one graph, each with its number for an output.
    struct Graph {
        watched: Vec<Watched<()>>,
        arrivals: Vec<Arrivals<()>>,
        now_ns: i64,
    }

    impl Graph {
        fn new(drivers: &[u32]) -> Self {
            let stalls = Arc::new(Stalls::default());
            let watched: Vec<_> = (1..=drivers.len())
                .map(|number| Watched::new(&stalls, ptr::without_provenance_mut(number)).unwrap())
                .collect();
            watched.iter().zip(drivers).for_each(|(chain, driver)| chain.set_driver(*driver));
            let arrivals = watched.iter().map(Watched::arrivals).collect();
            Self { watched, arrivals, now_ns: 0 }
        }

        /// A cycle in which the inputs of these come; returns who was passed over, by number, and whose input came too
        /// late.
        fn cycle(&mut self, come: &[usize]) -> (Vec<usize>, Vec<usize>) {
            self.now_ns += 21;
            let (mut passed_over, mut late) = (Vec::new(), Vec::new());
            for number in come {
                let chain = &mut self.arrivals[number - 1];
                if !chain.come(self.now_ns) {
                    late.push(*number);
                }
                chain.pass_over(|output| passed_over.push(output.addr()));
            }
            (passed_over, late)
        }

        /// Cycles in which all come.
        fn play(&mut self) {
            let all: Vec<usize> = (1..=self.arrivals.len()).collect();
            for _ in 0..5 {
                assert_eq!(self.cycle(&all), (NOBODY.into(), NOBODY.into()));
            }
        }
    }

    #[test]
    fn chain_is_passed_over_after_two_cycles_until_its_input_comes() {
        let mut graph = Graph::new(&[DRIVER; 3]);
        graph.play();
        assert_eq!(graph.cycle(&[1, 2]), (NOBODY.into(), NOBODY.into()));
        assert_eq!(graph.cycle(&[2, 1]), (NOBODY.into(), NOBODY.into()));
        for _ in 0..9 {
            assert_eq!(graph.cycle(&[1, 2]), (vec![3], NOBODY.into()), "once in a cycle");
        }
        assert_eq!(graph.cycle(&[1, 3, 2]), (vec![3], vec![3]));
        graph.play();
    }

    #[test]
    fn chain_whose_input_is_late_once_is_waited_for() {
        let mut graph = Graph::new(&[DRIVER; 2]);
        graph.play();
        assert_eq!(graph.cycle(&[1]).0, NOBODY);
        graph.play();
    }

    #[test]
    fn cycles_that_all_miss_are_nobodys_fault() {
        let mut graph = Graph::new(&[DRIVER; 3]);
        graph.play();
        for _ in 0..9 {
            graph.cycle(&[]);
        }
        assert_eq!(graph.cycle(&[1]).0, NOBODY);
        assert_eq!(graph.cycle(&[2]).0, NOBODY);
        graph.play();
    }

    #[test]
    fn stalled_chain_stays_so_for_one_that_comes_later() {
        let mut graph = Graph::new(&[DRIVER; 3]);
        graph.play();
        for _ in 0..3 {
            graph.cycle(&[1]);
        }
        graph.cycle(&[]);
        assert_eq!(graph.cycle(&[2]).0, [3], "it has missed all that the first has seen");
        assert_eq!(graph.cycle(&[3]).0, NOBODY);
    }

    #[test]
    fn chains_of_another_driver_are_left_alone() {
        let mut graph = Graph::new(&[DRIVER, DRIVER + 1, 0]);
        graph.play();
        for _ in 0..9 {
            assert_eq!(graph.cycle(&[1]).0, NOBODY);
        }
        graph.watched[1].set_driver(DRIVER);
        assert_eq!(graph.cycle(&[1]).0, NOBODY, "what it did before is no news of this driver");
    }

    #[test]
    fn chain_that_rests_or_goes_is_not_missing() {
        let mut graph = Graph::new(&[DRIVER; 3]);
        graph.play();
        graph.watched[1].rest();
        drop(graph.watched.pop());
        for _ in 0..9 {
            assert_eq!(graph.cycle(&[1]).0, NOBODY);
        }
    }

    #[test]
    fn without_a_clock_nothing_is_passed_over() {
        let mut graph = Graph::new(&[DRIVER; 2]);
        for _ in 0..9 {
            assert!(graph.arrivals[0].come(0));
            graph.arrivals[0].pass_over(|_| unreachable!());
        }
    }

    #[test]
    fn chains_beyond_the_table_are_not_watched() {
        let stalls = Arc::new(Stalls::<()>::default());
        let watch = || Watched::new(&stalls, ptr::without_provenance_mut(1));
        let mut all: Vec<_> = std::iter::from_fn(watch).collect();
        assert_eq!(all.len(), MOST_CHAINS);
        all.remove(5);
        assert!(watch().is_some(), "a place is used again");
    }

    #[test]
    fn output_is_not_used_after_its_chain_went() {
        let mut graph = Graph::new(&[DRIVER; 2]);
        graph.play();
        graph.cycle(&[1]);
        graph.cycle(&[1]);
        let gone = AtomicBool::new(false);
        let stalled = graph.watched.pop().unwrap();
        let mut other = graph.arrivals.swap_remove(0);
        thread::scope(|scope| {
            let data_thread = scope.spawn(|| {
                for cycle in 1_000..200_000 {
                    assert!(other.come(cycle));
                    other.pass_over(|_| assert!(!gone.load(Ordering::SeqCst)));
                }
            });
            yield_now();
            drop(stalled);
            gone.store(true, Ordering::SeqCst);
            data_thread.join().unwrap();
        });
    }
}
