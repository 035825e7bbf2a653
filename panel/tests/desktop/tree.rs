//! What a screen reader knows of the panel: AT-SPI, spoken directly on the accessibility bus.

use std::{collections::HashMap, fmt};

use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use zbus::{Connection, OwnedObjectPath, names::OwnedBusName, proxy, proxy::CacheProperties};

use crate::bus::block;

/// A reference as it stands on the wire: who has it, and where.
type Reference = (OwnedBusName, OwnedObjectPath);
/// A reference that may be to nobody, whose bus name is empty then.
type Loose = (String, OwnedObjectPath);
/// An element in the cache: itself, its application, its parent, its place there, the number of its children, its interfaces, name, role, description, and states.
type Cached = (Reference, Loose, Loose, i32, i32, Vec<String>, String, u32, String, Vec<u32>);

#[proxy(
    interface = "org.a11y.Bus",
    default_service = "org.a11y.Bus",
    default_path = "/org/a11y/bus"
)]
trait A11yBus {
    fn get_address(&self) -> zbus::Result<String>;
}

#[proxy(interface = "org.a11y.atspi.Accessible", assume_defaults = false)]
trait Accessible {
    fn get_children(&self) -> zbus::Result<Vec<Reference>>;
    #[zbus(property)]
    fn name(&self) -> zbus::Result<String>;
}

/// Everything that somebody has asked for once, in one answer: asked one by one, a thousand take a second of a processor.
#[proxy(
    interface = "org.a11y.atspi.Cache",
    default_path = "/org/a11y/atspi/cache",
    assume_defaults = false
)]
trait Cache {
    fn get_items(&self) -> zbus::Result<Vec<Cached>>;
}

#[proxy(interface = "org.a11y.atspi.Action", assume_defaults = false)]
trait Action {
    fn do_action(&self, index: i32) -> zbus::Result<bool>;
}

#[proxy(interface = "org.a11y.atspi.Value", assume_defaults = false)]
trait Value {
    #[zbus(property)]
    fn current_value(&self) -> zbus::Result<f64>;
    #[zbus(property)]
    fn set_current_value(&self, value: f64) -> zbus::Result<()>;
}

#[proxy(interface = "org.a11y.atspi.Component", assume_defaults = false)]
trait Component {
    fn get_extents(&self, relative_to: u32) -> zbus::Result<(i32, i32, i32, i32)>;
    fn get_accessible_at_point(&self, x: i32, y: i32, relative_to: u32) -> zbus::Result<Reference>;
}

/// What something is, as AT-SPI numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Role(u32);

impl Role {
    pub(crate) const ALERT: Self = Self(2);
    pub(crate) const CHECK_BOX: Self = Self(7);
    pub(crate) const COMBO_BOX: Self = Self(11);
    pub(crate) const ENTRY: Self = Self(79);
    pub(crate) const LABEL: Self = Self(29);
    pub(crate) const LEVEL_BAR: Self = Self(103);
    pub(crate) const LINK: Self = Self(88);
    pub(crate) const MENU_ITEM: Self = Self(35);
    pub(crate) const PAGE_TAB: Self = Self(37);
    pub(crate) const PUSH_BUTTON: Self = Self(43);
    pub(crate) const RADIO_BUTTON: Self = Self(44);
    pub(crate) const SLIDER: Self = Self(51);
    pub(crate) const SPIN_BUTTON: Self = Self(52);
    pub(crate) const TEXT: Self = Self(61);
    pub(crate) const TOGGLE_BUTTON: Self = Self(62);

    /// What a person can act on.
    pub(crate) const INTERACTIVE: [Self; 13] = [
        Self::CHECK_BOX,
        Self::COMBO_BOX,
        Self::ENTRY,
        Self::LEVEL_BAR,
        Self::LINK,
        Self::MENU_ITEM,
        Self::PAGE_TAB,
        Self::PUSH_BUTTON,
        Self::RADIO_BUTTON,
        Self::SLIDER,
        Self::SPIN_BUTTON,
        Self::TEXT,
        Self::TOGGLE_BUTTON,
    ];
}

/// A condition, as AT-SPI numbers it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum State {
    Checked = 4,
    Focused = 12,
    Pressed = 20,
    Selected = 23,
    Sensitive = 24,
    Visible = 30,
}

/// One element as it was when the tree was read, with all below it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) description: String,
    states: u64,
    reference: Reference,
    pub(crate) children: Vec<Node>,
}

impl Node {
    pub(crate) fn is(&self, state: State) -> bool {
        self.states >> (state as u32) & 1 == 1
    }

    /// Returns this element and all below it, in reading order.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let mut found = vec![self];
        for child in &self.children {
            found.extend(child.all());
        }
        found
    }

    /// Returns the first element of this role and name.
    ///
    /// GTK 4.8 calls a button with a mnemonic by its label twice, once with the mark: `_Start Start`.
    pub(crate) fn find(&self, role: Role, name: &str) -> Option<&Self> {
        let is_called = |node: &Self| {
            let twice = node.name.strip_suffix(name).is_some_and(|first| {
                first.ends_with(' ') && first.trim_end().replace('_', "") == name
            });
            node.name == name || twice
        };
        self.all().into_iter().find(|node| node.role == role && is_called(node))
    }

    /// Returns everything that is written or said anywhere, line by line.
    pub(crate) fn texts(&self) -> Vec<&str> {
        let nodes = self.all().into_iter();
        nodes
            .flat_map(|node| [node.name.as_str(), node.description.as_str()])
            .filter(|text| !text.is_empty())
            .collect()
    }

    /// Tells whether some element says this, as a part of what it says.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.texts().iter().any(|said| said.contains(text))
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn line(node: &Node, depth: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let marks: String = [
                (State::Checked, " checked"),
                (State::Pressed, " pressed"),
                (State::Selected, " selected"),
            ]
            .into_iter()
            .filter_map(|(state, text)| node.is(state).then_some(text))
            .collect();
            let dull = if node.is(State::Sensitive) { "" } else { " insensitive" };
            let hidden = if node.is(State::Visible) { "" } else { " hidden" };
            writeln!(
                f,
                "{:indent$}{} {:?} {:?}{marks}{dull}{hidden}",
                "",
                node.role.0,
                node.name,
                node.description,
                indent = 2 * depth,
            )?;
            node.children.iter().try_for_each(|child| line(child, depth + 1, f))
        }
        line(self, 0, f)
    }
}

/// The accessibility bus of a session.
#[derive(Debug)]
pub(crate) struct Reader {
    connection: Connection,
}

impl Reader {
    /// Finds the accessibility bus through the session's, which starts it.
    pub(crate) fn open(session: &Connection) -> Self {
        let address = block(async { A11yBusProxy::new(session).await?.get_address().await });
        let address = address.expect("at-spi2-core is installed, and the session bus can start it");
        Self { connection: crate::bus::connect(&address) }
    }

    /// Reads all windows of the application of this name; none when it is not there or is just changing.
    pub(crate) fn read(&self, application: &str) -> Option<Node> {
        block(async {
            let registry = "org.a11y.atspi.Registry".try_into().ok()?;
            let root = "/org/a11y/atspi/accessible/root".try_into().ok()?;
            let desktop = self.accessible(&(registry, root)).await.ok()?;
            for reference in desktop.get_children().await.ok()? {
                let candidate = self.accessible(&reference).await.ok()?;
                // One that is just leaving is passed over.
                if candidate.name().await.is_ok_and(|name| name == application) {
                    return self.tree(reference).await.ok()?;
                }
            }
            None
        })
    }

    async fn accessible(&self, reference: &Reference) -> zbus::Result<AccessibleProxy<'static>> {
        AccessibleProxy::builder(&self.connection)
            .destination(reference.0.clone())
            .path(reference.1.clone())
            .cache_properties(CacheProperties::No)
            .build()
            .await
    }

    /// Reads an application from its root on; none when it is just changing.
    async fn tree(&self, root: Reference) -> zbus::Result<Option<Node>> {
        let cache = CacheProxy::builder(&self.connection)
            .destination(root.0.clone())
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        let items = || async { Ok::<Items, zbus::Error>(by_path(cache.get_items().await?)) };
        let known = items().await?;
        let family = self.family(root, &known, 0).await?;
        let known = if family.is_in(&known) { known } else { items().await? };
        Ok(family.into_node(&known))
    }

    /// Asks who is below whom. The cache does not tell what is hidden, nor whom it never met.
    fn family<'a>(
        &'a self,
        reference: Reference,
        known: &'a Items,
        depth: usize,
    ) -> BoxFuture<'a, zbus::Result<Family>> {
        async move {
            assert!(depth < 60, "the accessibility tree has a loop");
            let has_none =
                known.get(&reference.1).is_some_and(|item| depth > 0 && item.children == 0);
            let children = if has_none {
                Vec::new()
            } else {
                self.accessible(&reference).await?.get_children().await?
            };
            let children = children
                .into_iter()
                .filter(|(_, path)| path.as_str() != "/org/a11y/atspi/null")
                .map(|child| self.family(child, known, depth + 1));
            let children = join_all(children).await.into_iter().collect::<zbus::Result<_>>()?;
            Ok(Family { reference, children })
        }
        .boxed()
    }

    /// Presses, turns or activates an element.
    pub(crate) fn act(&self, node: &Node) -> zbus::Result<()> {
        block(async {
            let action = ActionProxy::builder(&self.connection)
                .destination(node.reference.0.clone())
                .path(node.reference.1.clone())
                .cache_properties(CacheProperties::No)
                .build()
                .await?;
            action.do_action(0).await.map(drop)
        })
    }

    async fn value_of(&self, node: &Node) -> zbus::Result<ValueProxy<'static>> {
        ValueProxy::builder(&self.connection)
            .destination(node.reference.0.clone())
            .path(node.reference.1.clone())
            .cache_properties(CacheProperties::No)
            .build()
            .await
    }

    /// Reads the number that an element shows.
    pub(crate) fn value(&self, node: &Node) -> zbus::Result<f64> {
        block(async { self.value_of(node).await?.current_value().await })
    }

    /// Sets the number that an element shows, as a screen reader's user does.
    pub(crate) fn set_value(&self, node: &Node, value: f64) -> zbus::Result<()> {
        block(async { self.value_of(node).await?.set_current_value(value).await })
    }

    async fn place_of(&self, node: &Node) -> zbus::Result<ComponentProxy<'static>> {
        ComponentProxy::builder(&self.connection)
            .destination(node.reference.0.clone())
            .path(node.reference.1.clone())
            .cache_properties(CacheProperties::No)
            .build()
            .await
    }

    /// Returns left, top, width and height in the window.
    pub(crate) fn extents(&self, node: &Node) -> zbus::Result<(i32, i32, i32, i32)> {
        block(async { self.place_of(node).await?.get_extents(IN_WINDOW).await })
    }

    /// Tells whether an element of a window is on the screen: whether it is what is met in its middle.
    ///
    /// The tree has what is behind other pages too, and GTK 4.8 does not mark it.
    pub(crate) fn is_seen(&self, window: &Node, node: &Node) -> zbus::Result<bool> {
        let (left, top, width, height) = self.extents(node)?;
        if width <= 0 || height <= 0 {
            return Ok(false);
        }
        let (x, y) = (left + width / 2, top + height / 2);
        let met = block(async {
            self.place_of(window).await?.get_accessible_at_point(x, y, IN_WINDOW).await
        })?;
        Ok(node.all().into_iter().any(|inner| inner.reference == met))
    }
}

/// What is known of an element besides its place.
#[derive(Clone)]
struct Item {
    children: i32,
    name: String,
    role: Role,
    description: String,
    states: u64,
}

type Items = HashMap<OwnedObjectPath, Item>;

fn by_path(cached: Vec<Cached>) -> Items {
    let item = |cached: Cached| {
        let ((_, path), _, _, _, children, _, name, role, description, states) = cached;
        let states = states.iter().rev().fold(0, |all, part| all << 32 | u64::from(*part));
        (path, Item { children, name, role: Role(role), description, states })
    };
    cached.into_iter().map(item).collect()
}

/// An element and all below it, in reading order.
struct Family {
    reference: Reference,
    children: Vec<Family>,
}

impl Family {
    fn is_in(&self, known: &Items) -> bool {
        known.contains_key(&self.reference.1)
            && self.children.iter().all(|child| child.is_in(known))
    }

    /// Says of each what is known of it; `None` when one has gone meanwhile.
    fn into_node(self, known: &Items) -> Option<Node> {
        let Item { name, role, description, states, .. } = known.get(&self.reference.1)?.clone();
        let children =
            self.children.into_iter().map(|child| child.into_node(known)).collect::<Option<_>>()?;
        Some(Node { role, name, description, states, reference: self.reference, children })
    }
}

/// Coordinates count from the window's corner.
const IN_WINDOW: u32 = 1;
