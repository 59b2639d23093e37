//! The output of `meganet publish --dry-run`.

use super::skipped_json;
use crate::{
    names::{content_json, content_text, quote_json, quote_text},
    output::{bytes, counted},
};
use meganet_chain_client::amount::Mega;
use meganet_client::PublishPreview;
use serde_json::{Value, json};

/// The effects of publishing, as JSON.
pub(super) fn preview_json(name: &str, url: Option<&str>, preview: &PublishPreview) -> Value {
    let (upload, totals) = (preview.upload, preview.totals);
    json!({
        "name": name,
        "url": url,
        "dry_run": true,
        "unchanged": upload.is_none(),
        "from": { "version": preview.version, "content": content_json(preview.points_at.as_ref()) },
        "to": { "version": next_version(preview) },
        "registers": preview.name_quote.is_some(),
        "name_price": preview.name_quote.as_ref().map(quote_json),
        "subname_deposit": preview.subname_deposit.to_string(),
        "files": totals.files,
        "bytes": totals.bytes,
        "new_files": totals.new_files,
        "new_bytes": totals.new_bytes,
        "stored_files": totals.files.saturating_sub(totals.new_files),
        "stored_bytes": totals.bytes.saturating_sub(totals.new_bytes),
        "skipped": skipped_json(&preview.skipped),
        "profile": upload.map(|upload| upload.summary.profile.to_string()),
        "upload_objects": upload.map_or(0, |upload| upload.summary.objects.saturating_sub(upload.summary.resumed)),
        "upload_bytes": upload.map_or(0, |upload| upload.summary.plain_bytes),
        "upload_shard_bytes": upload.map_or(0, |upload| upload.summary.shard_bytes),
        "price": upload.map_or(0, |upload| upload.summary.price).to_string(),
        "expiry": upload.map(|upload| upload.summary.expiry),
        "group_deposit": upload.map_or(0, |upload| upload.group_deposit).to_string(),
        "needed": preview.needed.to_string(),
        "available": preview.available.to_string(),
        "affordable": preview.is_affordable(),
    })
}

/// The effects of publishing, as text.
pub(super) fn preview_text(name: &str, years: u32, preview: &PublishPreview) -> String {
    let Some(upload) = preview.upload else {
        return format!("dry run: nothing has changed; {name} would stay at version {}", preview.version);
    };
    let totals = preview.totals;
    let mut lines = vec!["dry run: nothing was uploaded, paid or changed".to_owned()];
    if let Some(quote) = &preview.name_quote {
        lines.push(format!("would register {name} for {}: {}", counted(years, "year", "years"), quote_text(quote)));
    }
    if preview.subname_deposit > 0 {
        lines.push(format!("would create {name} for a refundable deposit of {}", Mega(preview.subname_deposit)));
    }
    lines.push(format!(
        "would publish {} ({}) as version {}; the name currently points to {}",
        counted(totals.files, "file", "files"),
        bytes(totals.bytes),
        next_version(preview),
        content_text(preview.points_at.as_ref()),
    ));
    let others = match totals.files.saturating_sub(totals.new_files) {
        0 => String::new(),
        others => format!("; {} no upload", counted(others, "other file needs", "other files need")),
    };
    lines.push(format!(
        "would upload {} as {} of shards ({}): {} with new content ({}){others}",
        bytes(upload.summary.plain_bytes),
        bytes(upload.summary.shard_bytes),
        upload.summary.profile,
        counted(totals.new_files, "file", "files"),
        bytes(totals.new_bytes),
    ));
    if upload.summary.resumed > 0 {
        lines.push(format!(
            "an interrupted run already uploaded {} of {} objects",
            upload.summary.resumed, upload.summary.objects
        ));
    }
    lines.push(format!(
        "would pay {} for storage until epoch {}, plus fees",
        Mega(upload.summary.price),
        upload.summary.expiry
    ));
    if upload.group_deposit > 0 {
        lines.push(format!("would open a placement group for a refundable deposit of {}", Mega(upload.group_deposit)));
    }
    let enough = if preview.is_affordable() { "which is enough" } else { "which is not enough: send it money first" };
    lines.push(format!(
        "needs {} in total, including deposits, plus fees; the account has {}, {enough}",
        Mega(preview.needed),
        Mega(preview.available)
    ));
    lines.join("\n")
}

/// The version number after publishing.
fn next_version(preview: &PublishPreview) -> u32 {
    preview.version.saturating_add(preview.upload.is_some().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use meganet_client::{
        pack::{SkipReason, Skipped, Totals},
        publish::{UploadForecast, UploadSummary},
    };
    use meganet_primitives::placement::ProfileId;

    fn preview() -> PublishPreview {
        let summary = UploadSummary {
            profile: ProfileId::Compact,
            objects: 3,
            resumed: 0,
            plain_bytes: 1536,
            shard_bytes: 18 << 10,
            expiry: 12,
            price: 5,
        };
        let upload = UploadForecast { summary, group_deposit: 0 };
        PublishPreview {
            points_at: None,
            version: 3,
            name_quote: None,
            subname_deposit: 0,
            totals: Totals { files: 9, bytes: 4096, new_files: 2, new_bytes: 1024 },
            skipped: Vec::new(),
            upload: Some(upload),
            needed: 5,
            available: 6,
        }
    }

    #[test]
    fn a_preview_shows_what_would_be_uploaded_and_paid() {
        let preview = preview();
        let text = preview_text("home", 1, &preview);
        for part in
            ["9 files (4.00 KiB) as version 4", "1.50 KiB as 18.00 KiB", "2 files with new content", "is enough"]
        {
            assert!(text.contains(part), "{text}");
        }
        for (new_files, others) in
            [(7, "; 2 other files need no upload"), (8, "; 1 other file needs no upload"), (9, "")]
        {
            let totals = Totals { new_files, ..preview.totals };
            let text = preview_text("home", 1, &PublishPreview { totals, ..self::preview() });
            assert!(text.contains(&format!("{new_files} files with new content (1.00 KiB){others}\n")), "{text}");
        }
        let value = preview_json("home", None, &preview);
        assert_eq!((&value["from"]["version"], &value["to"]["version"]), (&json!(3), &json!(4)));
        assert_eq!((&value["upload_bytes"], &value["upload_objects"]), (&json!(1536), &json!(3)));
        assert_eq!((&value["stored_files"], &value["stored_bytes"]), (&json!(7), &json!(3072)));
        assert_eq!((&value["unchanged"], &value["affordable"]), (&json!(false), &json!(true)));
        let poor = PublishPreview { available: 5, ..preview };
        assert!(preview_text("home", 1, &poor).contains("not enough"));
        assert_eq!(preview_json("home", None, &poor)["affordable"], false);
    }

    #[test]
    fn entries_that_are_left_out_are_listed_with_the_reason() {
        let skipped = |path: &str, reason| Skipped { path: path.into(), reason };
        let all = vec![skipped(".git", SkipReason::Hidden), skipped("leak", SkipReason::LeadsOutside)];
        let value = preview_json("home", None, &PublishPreview { skipped: all, ..preview() });
        let expected = json!([
            { "path": ".git", "reason": "hidden" },
            { "path": "leak", "reason": "link_outside" },
        ]);
        assert_eq!(value["skipped"], expected);
    }

    #[test]
    fn a_preview_without_changes_would_do_nothing() {
        let same = PublishPreview { upload: None, ..preview() };
        assert!(preview_text("home", 1, &same).contains("would stay at version 3"));
        let value = preview_json("home", None, &same);
        assert_eq!((&value["unchanged"], &value["upload_bytes"]), (&json!(true), &json!(0)));
        assert_eq!((&value["to"]["version"], &value["price"]), (&json!(3), &json!("0")));
    }
}
