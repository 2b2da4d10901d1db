//! Draws a card from its JSON: about what a person sees of it in the chat. Widths are estimates, so
//! that the picture is the same wherever it is made.

mod font;

use font::{Style, Word, wrapped};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;
use std::fmt::Write;

const WIDTH: i32 = 460;
const EDGE: i32 = 16;
const SIZE: i32 = 14;
const SMALL: i32 = 12;
/// Between two elements.
const GAP: i32 = 10;
const BUTTON: i32 = 30;

const STYLE: &str = "text{font:14px system-ui,'PingFang SC','Noto Sans CJK SC',sans-serif;\
fill:#1f2329;white-space:pre}.s{font-size:12px;fill:#8f959e}.b{font-weight:600}\
.c{font-family:monospace;font-size:13px;fill:#245bdb}.h{font-weight:600;fill:#fff}\
.m{text-anchor:middle}.p{fill:#fff}.d{fill:#d83931}.g{fill:#8f959e}";

/// Returns a picture of the card as SVG.
pub(super) fn picture(card: &Value) -> String {
    let mut pen = Pen { out: String::new(), y: 0 };
    let header = &card["header"];
    let title = vec![Word::new(words(&header["title"]), Style::Bold)];
    let lines = wrapped(&title, WIDTH - 2 * EDGE, SIZE);
    let height = lines.len() as i32 * 20 + 16;
    let colour = colour(header["template"].as_str().unwrap_or_default());
    writeln!(
        pen.out,
        "<path d=\"M0 8a8 8 0 0 1 8-8h{}a8 8 0 0 1 8 8v{}H0z\" fill=\"{colour}\"/>",
        WIDTH - 16,
        height - 8
    )
    .unwrap();
    pen.y = 8;
    for line in lines {
        pen.y += 20;
        let text = line.iter().map(|word| word.text.as_str()).collect::<String>();
        pen.text(EDGE, pen.y - 5, "h", &text);
    }
    pen.y = height + GAP;
    pen.elements(&card["body"]["elements"]);
    let height = pen.y + 4;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\">\n\
         <style>{STYLE}</style>\n<rect x=\".5\" y=\".5\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"#fff\" stroke=\"#dee0e3\"/>\n{}</svg>\n",
        WIDTH - 1,
        height - 1,
        pen.out
    )
}

fn colour(template: &str) -> &'static str {
    match template {
        "blue" => "#3370ff",
        "wathet" => "#3aa6f2",
        "orange" => "#f77f00",
        "green" => "#2ea121",
        "red" => "#e5484d",
        "grey" => "#7d838a",
        other => panic!("{other} is no colour yet"),
    }
}

/// Draws from top to bottom.
struct Pen {
    out: String,
    y: i32,
}

impl Pen {
    fn elements(&mut self, elements: &Value) {
        for element in elements.as_array().into_iter().flatten() {
            self.element(element);
            self.y += GAP;
        }
    }

    fn element(&mut self, element: &Value) {
        match tag(element) {
            "markdown" => self.markdown(element["content"].as_str().unwrap_or_default()),
            "div" => self.plain(&words(&element["text"]), "s"),
            "hr" => {
                let (y, right) = (self.y, WIDTH - EDGE);
                writeln!(self.out, "<path d=\"M{EDGE} {y}H{right}\" stroke=\"#dee0e3\"/>").unwrap();
            }
            "form" => {
                self.elements(&element["elements"]);
                self.y -= GAP;
            }
            "collapsible_panel" => {
                let title = format!("▸ {}", words(&element["header"]["title"]));
                self.field(&title, "", 1);
            }
            "input" => self.input(element),
            "select_static" => self.select(element),
            "select_person" => self.field("@", "g", 1),
            "button" | "person" => self.flow(&[element]),
            "column_set" => {
                let columns = element["columns"].as_array().into_iter().flatten();
                let inner = columns.flat_map(|it| it["elements"].as_array());
                let all: Vec<_> = inner.flatten().collect();
                self.flow(&all);
            }
            other => panic!("{other} is not drawn yet"),
        }
    }

    /// Puts elements side by side as long as there is room.
    fn flow(&mut self, elements: &[&Value]) {
        let mut x = EDGE;
        for element in elements {
            let label = match tag(element) {
                "button" => words(&element["text"]),
                "person" => element["user_id"].as_str().unwrap_or_default().to_owned(),
                "markdown" => element["content"].as_str().unwrap_or_default().to_owned(),
                other => panic!("{other} is not drawn beside others yet"),
            };
            let width = font::width(&label, Style::Plain, SIZE) + 26;
            if x > EDGE && x + width > WIDTH - EDGE {
                (x, self.y) = (EDGE, self.y + BUTTON + 6);
            }
            match tag(element) {
                "button" => self.button(x, width, &label, element["type"].as_str()),
                "person" => {
                    let (cx, cy) = (x + 10, self.y + BUTTON / 2);
                    writeln!(
                        self.out,
                        "<circle cx=\"{cx}\" cy=\"{cy}\" r=\"9\" fill=\"#bacefd\"/>"
                    )
                    .unwrap();
                    self.text(x + 25, self.y + 20, "b", &label);
                }
                _ => self.text(x, self.y + 20, "", &label),
            }
            x += width + 8;
        }
        self.y += BUTTON;
    }

    fn button(&mut self, x: i32, width: i32, label: &str, kind: Option<&str>) {
        let (fill, stroke, class) = match kind {
            Some("primary") => ("#3370ff", "#3370ff", "m p"),
            Some("danger") => ("#fff", "#f54a45", "m d"),
            _ => ("#fff", "#d0d3d6", "m"),
        };
        self.frame(x, width, BUTTON, fill, stroke);
        self.text(x + width / 2, self.y + 20, class, label);
    }

    fn input(&mut self, element: &Value) {
        let value = element["default_value"].as_str().unwrap_or_default();
        let (text, class) = match value.is_empty() {
            true => (words(&element["placeholder"]), "g"),
            false => (value.to_owned(), ""),
        };
        let lines = if element["input_type"] == "multiline_text" { 3 } else { 1 };
        self.field(&text, class, lines);
    }

    /// What is chosen, and below it what there is to choose from.
    fn select(&mut self, element: &Value) {
        let options: Vec<_> = element["options"].as_array().into_iter().flatten().collect();
        let chosen = options.iter().find(|it| it["value"] == element["initial_option"]);
        let chosen = chosen.map(|it| words(&it["text"])).unwrap_or_default();
        self.field(&chosen, "", 1);
        let y = self.y - 11;
        self.text(WIDTH - EDGE - 22, y, "g", "▾");
        self.y += 4;
        let labels: Vec<_> = options.iter().map(|it| words(&it["text"])).collect();
        self.plain(&labels.join(" · "), "s");
    }

    fn field(&mut self, text: &str, class: &str, lines: i32) {
        let height = BUTTON + 4 + (lines - 1) * 18;
        self.frame(EDGE, WIDTH - 2 * EDGE, height, "#fff", "#d0d3d6");
        let line = wrapped(&[Word::new(text.to_owned(), Style::Plain)], WIDTH - 4 * EDGE, SIZE);
        let first = line.first().into_iter().flatten().map(|word| word.text.as_str());
        let first = first.collect::<String>();
        self.text(EDGE + 10, self.y + 22, class, &first);
        self.y += height;
    }

    fn plain(&mut self, text: &str, class: &str) {
        for line in text.lines() {
            for line in
                wrapped(&[Word::new(line.to_owned(), Style::Plain)], WIDTH - 2 * EDGE, SMALL)
            {
                let line = line.iter().map(|word| word.text.as_str()).collect::<String>();
                self.text(EDGE, self.y + 13, class, &line);
                self.y += 18;
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "cards have no other markdown")]
    fn markdown(&mut self, content: &str) {
        let (mut words, mut style, mut x): (Vec<Word>, _, _) = (vec![], Style::Plain, EDGE);
        for event in Parser::new_ext(content, Options::ENABLE_TABLES) {
            match event {
                Event::Text(text) if style == Style::Block => self.block(&text),
                Event::Text(text) => words.push(Word::new(text.to_string(), style)),
                Event::Code(text) => words.push(Word::new(text.to_string(), Style::Code)),
                Event::SoftBreak | Event::HardBreak => self.lines(&mut words, x),
                Event::Start(Tag::Strong | Tag::Heading { .. }) => style = Style::Bold,
                Event::Start(Tag::CodeBlock(_)) => style = Style::Block,
                Event::Start(Tag::Item) => {
                    self.lines(&mut words, x);
                    words.push(Word::new("• ".to_owned(), Style::Plain));
                }
                Event::Start(Tag::List(_)) => x += 8,
                Event::End(end) => match end {
                    TagEnd::Strong | TagEnd::CodeBlock => style = Style::Plain,
                    TagEnd::Heading(_) => {
                        style = Style::Plain;
                        self.lines(&mut words, x);
                    }
                    TagEnd::Paragraph | TagEnd::Item => self.lines(&mut words, x),
                    TagEnd::List(_) => x -= 8,
                    _ => {}
                },
                Event::Rule => self.element(&serde_json::json!({ "tag": "hr" })),
                _ => {}
            }
        }
        self.lines(&mut words, x);
    }

    /// Writes what was gathered, as many lines as it takes.
    fn lines(&mut self, words: &mut Vec<Word>, x: i32) {
        for line in wrapped(words, WIDTH - EDGE - x, SIZE) {
            let y = self.y + 15;
            write!(self.out, "<text x=\"{x}\" y=\"{y}\">").unwrap();
            for word in line {
                let text = escaped(&word.text);
                match word.style.class() {
                    "" => self.out.push_str(&text),
                    class => {
                        write!(self.out, "<tspan class=\"{class}\">{text}</tspan>").unwrap();
                    }
                }
            }
            self.out.push_str("</text>\n");
            self.y += 21;
        }
        words.clear();
    }

    /// A block of code.
    fn block(&mut self, text: &str) {
        let lines: Vec<_> = text.lines().collect();
        let height = lines.len() as i32 * 18 + 12;
        self.frame(EDGE, WIDTH - 2 * EDGE, height, "#f5f6f7", "#f5f6f7");
        for (at, line) in lines.iter().enumerate() {
            self.text(EDGE + 10, self.y + 20 + at as i32 * 18, "c", line);
        }
        self.y += height;
    }

    fn frame(&mut self, x: i32, width: i32, height: i32, fill: &str, stroke: &str) {
        let y = self.y;
        writeln!(self.out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"5\" fill=\"{fill}\" stroke=\"{stroke}\"/>").unwrap();
    }

    fn text(&mut self, x: i32, y: i32, class: &str, text: &str) {
        let class = match class {
            "" => String::new(),
            class => format!(" class=\"{class}\""),
        };
        writeln!(self.out, "<text x=\"{x}\" y=\"{y}\"{class}>{}</text>", escaped(text)).unwrap();
    }
}

fn tag(element: &Value) -> &str {
    element["tag"].as_str().unwrap_or_default()
}

fn words(text: &Value) -> String {
    text["content"].as_str().unwrap_or_default().to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
