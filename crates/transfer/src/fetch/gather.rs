//! Gathers enough shards of a window: asks, waits, checks, asks others.

use super::race::{Race, Shards};
use crate::{
    error::{FetchError, Trouble},
    network::{Network, Strays, members},
    object::Object,
};
use futures::{StreamExt, stream::FuturesUnordered};
use meganet_net::{FrameRange, GetRefusal, NetError};
use meganet_primitives::{SlotIndex, chain::SlotMember};
use std::{
    collections::BTreeMap,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// The longest that one request may take, over and above the network's own deadlines for each of its steps.
const REQUEST: Duration = Duration::from_secs(90);
/// Pause before those are asked again that could not answer at the moment; doubles each time.
const PAUSE: Duration = Duration::from_millis(750);
/// Pause before those are asked again that may not serve because of a challenge.
const CHALLENGED: Duration = Duration::from_secs(1);

/// Whether a member that failed may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hope {
    /// No: it sent something wrong.
    None,
    /// Yes: it is away or busy.
    Passing,
    /// Yes, in some blocks: the chain challenges another member for these bytes.
    Challenged,
}

/// Why each member could not help.
type Troubles = BTreeMap<SlotIndex, (Trouble, Hope)>;

/// A run of stripes, at most 16: one request to each member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The first stripe.
    pub(crate) first: u64,
    /// The number of stripes.
    pub(crate) count: u32,
}

impl Window {
    /// The stripes.
    pub(crate) fn stripes(self) -> Range<u64> {
        self.first..self.first.saturating_add(self.count.into())
    }

    /// Bytes of a shard in it.
    pub(crate) fn shard_bytes(self, object: &Object) -> u64 {
        self.stripes().map(|stripe| object.layout().chunk_len(stripe)).sum()
    }
}

/// The shards that are enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// These shards, or any k.
    These(Vec<SlotIndex>),
    /// Any k but this one.
    AllBut(SlotIndex),
}

/// Shards of a window, checked against the object: whole chunks, one after another.
pub(crate) struct Gathered {
    shards: BTreeMap<SlotIndex, Vec<u8>>,
    starts: Vec<usize>,
}

impl Gathered {
    /// The shards that are here, in order.
    pub(crate) fn shards(&self) -> impl Iterator<Item = SlotIndex> + '_ {
        self.shards.keys().copied()
    }

    /// Whether a shard is here.
    pub(crate) fn has(&self, shard: SlotIndex) -> bool {
        self.shards.contains_key(&shard)
    }

    /// The chunk of a shard in the stripe of this index within the window; empty where it is not here.
    pub(crate) fn chunk(&self, shard: SlotIndex, stripe: usize) -> &[u8] {
        let find = || {
            let (start, end) = (*self.starts.get(stripe)?, *self.starts.get(stripe + 1)?);
            self.shards.get(&shard)?.get(start..end)
        };
        find().unwrap_or_default()
    }

    fn new(object: &Object, window: Window, shards: BTreeMap<SlotIndex, Vec<u8>>) -> Self {
        let lens = window.stripes().map(|stripe| usize::try_from(object.layout().chunk_len(stripe)).unwrap_or(0));
        let mut starts = vec![0];
        for len in lens {
            starts.push(starts.last().copied().unwrap_or(0) + len);
        }
        Self { shards, starts }
    }
}

/// Gathers enough shards of a window.
pub(crate) async fn gather(
    network: &Network,
    object: &Arc<Object>,
    window: Window,
    goal: &Goal,
) -> Result<Gathered, FetchError> {
    let mut shards = BTreeMap::new();
    let mut troubles = Troubles::new();
    let (began, options) = (Instant::now(), network.options());
    let mut rounds = 0;
    let mut substitutes = None;
    loop {
        // Those that were wrong stay out; those that were away get another chance.
        let without = troubles.iter().filter(|(_, (_, hope))| *hope == Hope::None).map(|(slot, _)| *slot);
        let hopeless: Vec<_> = without.collect();
        let round = Round { network, object, window, goal, hopeless: &hopeless, substitutes: &substitutes };
        if round.run(&mut shards, &mut troubles).await? {
            return Ok(Gathered::new(object, window, shards));
        }
        let any = |wanted| troubles.values().any(|(_, hope)| *hope == wanted);
        let (challenged, passing) = (any(Hope::Challenged), any(Hope::Passing));
        if challenged && began.elapsed() < options.challenged {
            // No member has failed: they may serve these bytes again after the next blocks.
            sleep(CHALLENGED).await;
            continue;
        }
        if substitutes.is_none() {
            // Only where there is nothing to lose: nobody has the slot, or the member that has it does not help.
            let is_lost = |shard: &SlotIndex| {
                troubles.get(shard).map_or(!shards.contains_key(shard), |(_, hope)| *hope == Hope::None)
            };
            let strays = network.strays_of(object).await?;
            let found: Strays = strays.iter().filter(|(shard, _)| is_lost(shard)).map(|(s, m)| (*s, *m)).collect();
            troubles.retain(|shard, _| !found.contains_key(shard));
            let any = !found.is_empty();
            substitutes = Some(found);
            if any {
                continue;
            }
        }
        rounds += 1;
        if !passing || rounds >= options.rounds || began.elapsed() > options.patience {
            break;
        }
        sleep(PAUSE.saturating_mul(1 << (rounds - 1).min(6))).await;
        network.forget_group(object.group()).await;
    }
    Err(FetchError::TooFewShards {
        object: object.id(),
        group: object.group(),
        have: shards.len(),
        need: object.layout().k().into(),
        troubles: troubles.into_values().map(|(trouble, _)| trouble).collect(),
    })
}

/// One attempt over all members that may help.
struct Round<'a> {
    network: &'a Network,
    object: &'a Arc<Object>,
    window: Window,
    goal: &'a Goal,
    hopeless: &'a [SlotIndex],
    /// Members to be asked instead of those of the slots.
    substitutes: &'a Option<Strays>,
}

impl Round<'_> {
    /// Returns whether enough shards arrived.
    async fn run(
        &self,
        shards: &mut BTreeMap<SlotIndex, Vec<u8>>,
        troubles: &mut Troubles,
    ) -> Result<bool, FetchError> {
        let group = self.network.group(self.object.group()).await?;
        let mut holders: BTreeMap<_, _> = members(&group).collect();
        holders.extend(self.substitutes.iter().flatten().map(|(shard, member)| (*shard, *member)));
        let mut candidates: Vec<_> = holders.into_iter().filter(|(slot, _)| self.may_help(*slot)).collect();
        let health = self.network.health();
        health.sort(&mut candidates, |(_, member)| member.peer);
        let distrusted = candidates.iter().filter(|(_, m)| health.is_distrusted(&m.peer)).map(|(slot, _)| *slot);
        let (distrusted, members) = (Shards::of(distrusted), candidates.iter().copied().collect::<BTreeMap<_, _>>());
        let order = candidates.iter().map(|(slot, _)| *slot).collect();
        let wanted = match self.goal {
            Goal::These(shards) => Shards::of(shards.iter().copied()),
            Goal::AllBut(_) => Shards::default(),
        };
        let here = Shards::of(shards.keys().copied());
        let mut race = Race::new(self.object.layout().k(), wanted, order, distrusted, here);
        let mut patience = health.patience(self.window.count);
        let mut running = FuturesUnordered::new();
        let mut late = Box::pin(sleep(patience));
        loop {
            for slot in race.starts() {
                if let Some(member) = members.get(&slot) {
                    running.push(async move { (slot, self.ask(slot, *member).await) });
                }
            }
            if race.is_won() || race.is_idle() {
                break;
            }
            tokio::select! {
                Some((slot, answer)) = running.next() => match answer {
                    Ok(bytes) => {
                        race.came(slot);
                        troubles.remove(&slot);
                        shards.insert(slot, bytes);
                    },
                    Err((trouble, hope)) => {
                        tracing::debug!(object = %self.object.id(), %trouble, "asking others");
                        race.failed(slot);
                        troubles.insert(slot, (trouble, hope));
                    },
                },
                () = &mut late => {
                    race.now_late();
                    patience = patience.saturating_mul(2);
                    late = Box::pin(sleep(patience));
                },
            }
        }
        // They were overtaken by others, so they are asked last for a while.
        for (slot, member) in &members {
            if race.is_won() && race.stragglers().contains(*slot) {
                health.let_down(member.peer);
            }
        }
        Ok(race.is_won())
    }

    fn may_help(&self, slot: SlotIndex) -> bool {
        slot < self.object.layout().n()
            && !self.hopeless.contains(&slot)
            && !matches!(self.goal, Goal::AllBut(excluded) if *excluded == slot)
    }

    /// A member's shard of the window, checked; or what is wrong, and what may become of it.
    async fn ask(&self, slot: SlotIndex, member: SlotMember) -> Result<Vec<u8>, (Trouble, Hope)> {
        let began = Instant::now();
        let health = self.network.health();
        let trouble = |reason: String| Trouble { slot, country: Some(member.country), reason };
        let Window { first, count } = self.window;
        let range = FrameRange { object: self.object.id(), shard: slot, first, count };
        let client = self.network.net().lazy_get_client(member.peer);
        let answer = tokio::time::timeout(REQUEST, client.frames(range)).await;
        let answer = answer.unwrap_or(Err(NetError::TooSlow { what: "frames", waited: REQUEST }));
        let frames = answer.map_err(|error| {
            let hope = match &error {
                NetError::GetRefused(GetRefusal::Challenged) => Hope::Challenged,
                error if error.is_transient() => Hope::Passing,
                _ => Hope::None,
            };
            let honest = matches!(error, NetError::GetRefused(GetRefusal::NotHere | GetRefusal::Withheld));
            if !honest && hope != Hope::Challenged {
                health.let_down(member.peer);
            }
            (trouble(error.to_string()), hope)
        })?;
        let (object, expected) = (self.object.clone(), self.window.shard_bytes(self.object));
        let checked = tokio::task::spawn_blocking(move || {
            if u64::try_from(frames.bytes.len()).ok() != Some(expected) {
                return Err("it sent another number of frames than was asked for".to_owned());
            }
            let right = object.commitment().verify_frames(slot, first, &frames.bytes, &frames.proof);
            right.map(|()| frames.bytes).map_err(|error| format!("its shard is corrupted: {error}"))
        });
        match checked.await {
            Ok(Ok(bytes)) => {
                health.answered(member.peer, count, began.elapsed());
                Ok(bytes)
            }
            Ok(Err(reason)) => {
                tracing::warn!(object = %self.object.id(), slot, %reason, "a worker sent a wrong shard");
                health.let_down(member.peer);
                Err((trouble(reason), Hope::None))
            }
            Err(_) => Err((trouble("checking was interrupted".into()), Hope::Passing)),
        }
    }
}
