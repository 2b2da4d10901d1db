//! Masks everything that can be read on a card, or by whoever looks into what is sent.

use super::Mask;
use poco_core::{Block, Button, Card, Choice, Field, Form, Press};

impl Mask {
    /// Returns a card without any secret.
    pub fn card(&self, card: &Card) -> Card {
        let blocks = card.blocks.iter().map(|block| self.block(block)).collect();
        Card {
            lang: card.lang,
            title: self.told(card.title.clone()),
            tone: card.tone,
            blocks,
            typing: card.typing,
            under: card.under.clone(),
        }
    }

    fn block(&self, block: &Block) -> Block {
        match block {
            Block::Text(text) => Block::Text(self.told(text.clone())),
            Block::Note(text) => Block::Note(self.told(text.clone())),
            Block::Code { language, text } => {
                Block::Code { language: language.clone(), text: self.text(text) }
            }
            Block::Live { steps, answer } => {
                Block::Live { steps: self.text(steps), answer: self.growing(answer) }
            }
            Block::Fold { title, text } => {
                Block::Fold { title: self.told(title.clone()), text: self.told(text.clone()) }
            }
            Block::Person { id, name, text } => Block::Person {
                id: id.clone(),
                name: self.text(name),
                text: self.told(text.clone()),
            },
            Block::Stored { .. } | Block::Folds { .. } | Block::Rule => block.clone(),
            Block::Buttons(buttons) => Block::Buttons(self.buttons(buttons)),
            Block::Form(form) => Block::Form(self.form(form)),
        }
    }

    /// A button that would carry a secret is left out: masked, it would do something else.
    fn buttons(&self, buttons: &[Button]) -> Vec<Button> {
        let carries = |button: &&Button| {
            let press = Press::of(&button.action);
            press.0.values().any(|value| self.found_in(value.as_bytes()).is_some())
        };
        let kept = buttons.iter().filter(|button| !carries(button));
        kept.map(|button| self.button(button)).collect()
    }

    fn button(&self, button: &Button) -> Button {
        let confirm = button.confirm.clone().map(|text| self.told(text));
        Button { label: self.told(button.label.clone()), confirm, ..button.clone() }
    }

    fn form(&self, form: &Form) -> Form {
        Form {
            name: form.name.clone(),
            fields: form.fields.iter().map(|field| self.field(field)).collect(),
            submit: self.button(&form.submit),
            others: self.buttons(&form.others),
        }
    }

    fn field(&self, field: &Field) -> Field {
        match field {
            Field::Person { name, label } => {
                Field::Person { name: name.clone(), label: self.told(label.clone()) }
            }
            Field::Input { name, label, placeholder, value, required } => Field::Input {
                name: name.clone(),
                label: self.told(label.clone()),
                placeholder: self.told(placeholder.clone()),
                value: self.text(value),
                required: *required,
            },
            Field::Select { name, label, options, value } => {
                let option = |it: &Choice| Choice {
                    label: self.told(it.label.clone()),
                    value: self.text(&it.value),
                };
                Field::Select {
                    name: name.clone(),
                    label: self.told(label.clone()),
                    options: options.iter().map(option).collect(),
                    value: value.as_ref().map(|value| self.text(value)),
                }
            }
        }
    }
}
