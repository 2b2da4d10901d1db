//! Texts of any length: cut into pages, all but the first kept in documents of their own.

use super::App;
use crate::port::{Document, PutError};
use anyhow::{Context, anyhow};
use poco_core::{Block, Card, Pages, PagesId, Text, hash, paginate};

impl App {
    /// Cuts a text into pages and keeps them. Keeping the same text again under the same id changes
    /// nothing; another text gets pages of its own.
    pub async fn keep_pages(&self, id: &str, markdown: &str) -> anyhow::Result<Pages> {
        let mut pages = paginate(markdown).into_iter();
        let first = pages.next().unwrap_or_default();
        let id = PagesId::new(format!("{id}-{:016x}", hash(markdown)));
        let mut count = 1;
        for body in pages {
            let document = Document { version: 1, body, due: false };
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
                *block = Block::Text(Text::verbatim(self.page(pages, *page).await?));
            }
        }
        Ok(card)
    }

    /// Returns a whole text.
    pub async fn pages(&self, pages: &Pages) -> anyhow::Result<String> {
        let mut text = pages.first.clone();
        for page in 1..pages.count {
            text.push_str(&self.page(&pages.id, page).await?);
        }
        Ok(text)
    }

    /// Returns the text of a kept page; the first one is not kept so.
    pub async fn page(&self, id: &PagesId, page: usize) -> anyhow::Result<String> {
        let document = self.store.get(&key(id, page)).await.context("load a page")?;
        let document = document.ok_or_else(|| anyhow!("page {page} of {id} is gone"))?;
        Ok(document.body)
    }
}

fn key(id: &PagesId, page: usize) -> String {
    format!("page/{id}/{page:05}")
}
