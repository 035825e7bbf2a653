//! Streams in a table: what is set for each, what its gauges read, and below it the user's own choices.

use anstyle::Style;
use headroom_api::{ControlProxy, StreamGauges, StreamRow};
use serde_json::{Value, json};

use crate::{
    failure::Failure,
    output::{Cell, FAINT, Printer, number},
    streams::{self, Gauges},
};

/// A name, and what is read from a stream under it.
pub(crate) type Named<'a, T> = (&'a str, fn(&StreamRow) -> T);

/// What a stream's gauges read: the member, the column's title and style, and which gauge it is.
pub(crate) type Read<'a> = (&'a str, &'a str, Style, fn(&StreamGauges) -> Option<f64>);

/// What a command shows of streams and choices.
pub(crate) struct Listing<'a> {
    /// What is set for a stream: the column's title and what stands in it.
    pub(crate) columns: &'a [Named<'a, Cell>],
    /// The same for programs: the member and its value.
    pub(crate) members: &'a [Named<'a, Value>],
    /// What a stream's gauges read.
    pub(crate) gauges: &'a [Read<'a>],
    /// Whether it says what is done to the stream.
    pub(crate) has_done: bool,
    /// The user's own, where there are any of the kind.
    pub(crate) choices: Option<Choices<'a>>,
}

/// What the user has chosen, application by application.
pub(crate) struct Choices<'a> {
    pub(crate) heading: &'a [&'a str],
    pub(crate) rows: Vec<Vec<Cell>>,
    /// What is said where there are none.
    pub(crate) none: &'a str,
    pub(crate) json: Value,
}

impl Listing<'_> {
    /// Prints every stream that plays and every choice, as tables or as JSON.
    pub(crate) async fn print(
        &self,
        control: &ControlProxy<'_>,
        as_json: bool,
        printer: &mut Printer,
    ) -> Result<(), Failure> {
        let streams = streams::read(control).await?;
        let gauges = Gauges::read(control).await?;
        if as_json {
            let streams: Value = streams.iter().map(|stream| self.entry(stream, &gauges)).collect();
            let mut all = json!({ "streams": streams });
            if let Some(choices) = &self.choices {
                all["choices"] = choices.json.clone();
            }
            printer.json(&all);
            return Ok(());
        }
        if streams.is_empty() {
            printer.styled_line("Nothing is playing.", FAINT);
        } else {
            let columns = self.columns.iter().map(|(title, _)| *title);
            let gauge_columns = self.gauges.iter().map(|(_, title, ..)| *title);
            let mut heading: Vec<_> =
                ["ID", "APPLICATION"].into_iter().chain(columns).chain(gauge_columns).collect();
            if self.has_done {
                heading.push("NOW");
            }
            let rows: Vec<_> = streams.iter().map(|stream| self.row(stream, &gauges)).collect();
            printer.table(&heading, &rows);
        }
        if let Some(choices) = &self.choices {
            printer.line("");
            if choices.rows.is_empty() {
                printer.styled_line(choices.none, FAINT);
            } else {
                printer.table(choices.heading, &choices.rows);
            }
        }
        Ok(())
    }

    fn row(&self, stream: &StreamRow, gauges: &Gauges) -> Vec<Cell> {
        let mut row = vec![Cell::new(stream.id.to_string()).right(), Cell::new(&stream.app)];
        row.extend(self.columns.iter().map(|(_, cell)| cell(stream)));
        row.extend(self.gauges.iter().map(|(_, _, style, gauge)| {
            let gauge = gauges.get(stream.id).and_then(gauge);
            Cell::new(streams::gauge_text(gauge)).right().styled(*style)
        }));
        if self.has_done {
            row.push(Cell::sentence(streams::done_text(gauges.done(stream))));
        }
        row
    }

    fn entry(&self, stream: &StreamRow, gauges: &Gauges) -> Value {
        let mut entry = json!({"id": stream.id, "app": stream.app});
        for (member, value) in self.members {
            entry[member] = value(stream);
        }
        for (member, _, _, gauge) in self.gauges {
            let gauge = gauges.get(stream.id).and_then(gauge);
            entry[member] = gauge.map_or(Value::Null, number);
        }
        if self.has_done {
            streams::add_done(&mut entry, gauges.done(stream));
        }
        entry
    }
}
