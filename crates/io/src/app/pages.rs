//! Texts of any length: cut into pages, all but the first kept in documents of their own.

use super::App;
use crate::port::{Document, PutError};
use anyhow::Context;
use poco_core::words::task as words;
use poco_core::{Block, Card, Lang, Pages, PagesId, Text, hash, paginate};

impl App {
    /// Cuts a text into pages and keeps them. Keeping the same text again under the same id changes
    /// nothing; another text gets pages of its own.
    pub async fn keep_pages(&self, id: &str, markdown: &str) -> anyhow::Result<Pages> {
        let mut pages = paginate(markdown).into_iter();
        let first = pages.next().unwrap_or_default();
        let id = PagesId::new(format!("{id}-{:016x}", hash(markdown)));
        let mut count = 1;
        for body in pages {
            let document = Document { version: 1, body };
            match self.store.put(&key(&id, count), &document).await {
                Ok(()) | Err(PutError::Conflict) => count += 1,
                Err(PutError::Other(error)) => return Err(error.context("keep a page")),
            }
        }
        Ok(Pages { id, first, count })
    }

    /// Puts the text of kept pages where a card names them.
    pub async fn fill(&self, mut card: Card) -> anyhow::Result<Card> {
        for block in &mut card.blocks {
            if let Block::Stored { pages, page } = block {
                let text = self.page(pages, *page).await?;
                *block = Block::Text(text.map_or_else(words::forgotten, Text::verbatim));
            }
        }
        Ok(card)
    }

    /// Returns a whole text.
    pub async fn pages(&self, pages: &Pages) -> anyhow::Result<String> {
        let mut text = pages.first.clone();
        for page in 1..pages.count {
            let next = self.page(&pages.id, page).await?;
            text.push_str(&next.unwrap_or_else(|| words::forgotten().of(Lang::En).to_owned()));
        }
        Ok(text)
    }

    /// Returns the text of a kept page; the first one is not kept so. Pages are there before anything
    /// names them, and may be forgotten after a long time.
    pub async fn page(&self, id: &PagesId, page: usize) -> anyhow::Result<Option<String>> {
        let document = self.store.get(&key(id, page)).await.context("load a page")?;
        Ok(document.map(|document| document.body))
    }
}

/// Begins the keys of pages; their ids begin with those of their tasks.
pub(crate) const PAGES: &str = "page/";

fn key(id: &PagesId, page: usize) -> String {
    format!("{PAGES}{id}/{page:05}")
}
