//! Texts of any length: cut into pages, all but the first kept in documents of their own.

use super::App;
use crate::digest::sha256;
use crate::port::{Document, PutError};
use anyhow::Context;
use poco_core::words::task as words;
use poco_core::{
    Block, Card, Changes, FileDiff, Folded, Lang, Pages, PagesId, Text, fold, hash, paginate,
};

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
        Ok(Pages { id, first, count, digest: sha256(markdown) })
    }

    /// Keeps a text as it is shown. Its digest is that of what the agent gave.
    pub async fn keep_given(&self, id: &str, shown: &str, given: &str) -> anyhow::Result<Pages> {
        let pages = self.keep_pages(id, shown).await?;
        Ok(Pages { digest: sha256(given), ..pages })
    }

    /// Keeps what a diff changes in pages that fold by file. `None` if it changes nothing.
    pub async fn keep_changes(&self, id: &str, diff: &str) -> anyhow::Result<Option<Changes>> {
        let files = FileDiff::all(diff);
        let id = PagesId::new(format!("{id}-diff-{:016x}", hash(diff)));
        let mut pages = 0;
        for folds in fold(diff) {
            let body = serde_json::to_string(&folds).context("write a page")?;
            match self.store.put(&key(&id, pages), &Document { version: 1, body, due: false }).await
            {
                Ok(()) | Err(PutError::Conflict) => pages += 1,
                Err(PutError::Other(error)) => return Err(error.context("keep a page")),
            }
        }
        let (added, removed) = files
            .iter()
            .fold((0, 0), |(added, removed), file| (added + file.added, removed + file.removed));
        let changes = Changes { id, pages, files: files.len(), added, removed };
        Ok((pages > 0).then_some(changes))
    }

    /// Puts the text of kept pages where a card names them.
    pub async fn fill(&self, mut card: Card) -> anyhow::Result<Card> {
        let mut blocks = Vec::with_capacity(card.blocks.len());
        for block in card.blocks {
            if let Block::Stored { pages, page } = &block {
                let text = self.page(pages, *page).await?;
                blocks.push(Block::Text(text.map_or_else(words::forgotten, Text::verbatim)));
            } else if let Block::Folds { pages, page } = &block {
                let Some(kept) = self.page(pages, *page).await? else {
                    blocks.push(Block::Text(words::forgotten()));
                    continue;
                };
                let folds: Vec<Folded> =
                    serde_json::from_str(&kept).context("read folded changes")?;
                let fold = |it: Folded| {
                    let (title, text) = (Text::verbatim(it.title), Text::verbatim(it.text));
                    Block::Fold { title, text }
                };
                blocks.extend(folds.into_iter().map(fold));
            } else {
                blocks.push(block);
            }
        }
        card.blocks = blocks;
        // It is not only shown in chats.
        Ok(self.mask.card(&card))
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
