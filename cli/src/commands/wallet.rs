//! `meganet wallet …`

use super::Session;
use crate::args::WalletCommand;
use anyhow::{Context, Result, anyhow, bail};
use meganet_chain_client::{At, Call, Until, account::format_account, amount::Mega};
use meganet_terminal::{print_aside, print_line, print_note, shown};
use meganet_wallet::{
    Account, KeystoreInfo, Phrase, check_account_name,
    files::{sync_dir_of, write_new},
};
use serde_json::json;
use std::{
    fs,
    io::{self, ErrorKind, IsTerminal, Read},
    path::Path,
};
use zeroize::Zeroizing;

/// Runs a `wallet` command.
pub async fn run(session: &Session, command: WalletCommand) -> Result<()> {
    match command {
        WalletCommand::New { name, show_phrase } => new(session, &name, show_phrase),
        WalletCommand::Import { name, file } => import(session, &name, file.as_deref()),
        WalletCommand::List => list(session),
        WalletCommand::Export { name, output } => export(session, &name, output.as_deref()),
        WalletCommand::Balance { of } => balance(session, of.as_deref()).await,
        WalletCommand::Send { to, amount } => send(session, &to, &amount).await,
    }
}

/// Printed where the phrase of a new account is not.
const UNSHOWN: &str = "the recovery phrase was not printed, since others may read what goes into pipes and logs, and it was not kept: save a copy of the keystore (`meganet wallet export`) and its password, or create another account with --show-phrase";

fn new(session: &Session, name: &str, show_phrase: bool) -> Result<()> {
    check_account_name(name)?;
    let phrase = Phrase::generate()?;
    let account = Account::from_phrase(&phrase)?;
    let password = session.new_password()?;
    let file = session.store()?.save(name, &account, &password)?;
    let is_seen = shows_phrase(show_phrase, session.output.json, io::stdout().is_terminal());
    let words = is_seen.then(|| phrase.words());
    let mut value = json!({ "name": name, "address": account.address(), "file": file });
    if let (Some(words), Some(fields)) = (words, value.as_object_mut()) {
        fields.insert("phrase".to_owned(), words.into());
    }
    let made = format!("account   {name}\naddress   {}\nkeystore  {}", account.address(), file.display());
    let shown = session.output.whole(&value, |_| match words {
        None => made,
        Some(words) => format!(
            "{made}\n\nWrite down these words and keep them safe: anyone who has them controls the account, and\n\
             without them a lost keystore or password cannot be recovered. They are not shown again.\n\n    {words}",
        ),
    });
    let unseen = match shown {
        Ok(true) => {
            if words.is_none() {
                print_note(UNSHOWN);
            }
            return Ok(());
        }
        Ok(false) => anyhow!("nobody read it"),
        Err(error) => error,
    };
    // Without its phrase the account would be lost together with this file or its password.
    let removed = fs::remove_file(&file).and_then(|()| sync_dir_of(&file));
    removed.with_context(|| {
        format!(
            "the new account could not be shown: do not use the account in {}, and remove that file",
            file.display()
        )
    })?;
    Err(unseen.context("the new account could not be shown, so no account was made"))
}

/// Whether a new phrase is printed: to a person at a terminal, or on request.
fn shows_phrase(requested: bool, json: bool, terminal: bool) -> bool {
    requested || (terminal && !json)
}

fn import(session: &Session, name: &str, file: Option<&Path>) -> Result<()> {
    check_account_name(name)?;
    let store = session.store()?;
    match file {
        Some(file) => {
            let json = fs::read_to_string(file).with_context(|| format!("could not read {}", file.display()))?;
            // Before the password is asked for.
            KeystoreInfo::read(&json)?;
            store.import(name, &json, &session.password("Password of the keystore: ")?)?;
        }
        None => {
            let account = Account::from_suri(&secret()?)?;
            store.save(name, &account, &session.new_password()?)?;
        }
    }
    let listed = store.find(name)?;
    let value = json!({ "name": listed.name, "address": format_account(&listed.account) });
    session.output.result(&value, |_| format!("imported {name}: {}", format_account(&listed.account)))
}

/// Reads a recovery phrase or secret URI: at a terminal without showing it, otherwise from stdin.
fn secret() -> Result<Zeroizing<String>> {
    if std::io::stdin().is_terminal() {
        // On stderr, like the prompts of passwords.
        print_aside("Phrase or secret URI, which is not shown; end with an empty line:");
        return Ok(until_empty_line(rpassword::read_password)?);
    }
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().take(4096).read_to_string(&mut text).context("could not read the phrase from stdin")?;
    Ok(text)
}

/// Joins lines, since a phrase may be pasted on several: the later ones must not be taken for a password.
fn until_empty_line(mut next: impl FnMut() -> io::Result<String>) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    loop {
        let line = match next() {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(text),
            line => Zeroizing::new(line?),
        };
        if line.trim().is_empty() {
            return Ok(text);
        }
        text.push_str(&line);
        text.push('\n');
    }
}

fn list(session: &Session) -> Result<()> {
    let store = session.store()?;
    let accounts = session.list(&store)?;
    let value: Vec<_> =
        accounts.iter().map(|one| json!({ "name": one.name, "address": format_account(&one.account) })).collect();
    session.output.result(&value, |_| {
        if accounts.is_empty() {
            return format!("no accounts in {}; create one with `meganet wallet new NAME`", store.dir().display());
        }
        accounts
            .iter()
            .map(|one| format!("{:<20} {}", shown(&one.name), format_account(&one.account)))
            .collect::<Vec<_>>()
            .join("\n")
    })
}

fn export(session: &Session, name: &str, output: Option<&Path>) -> Result<()> {
    let json = session.store()?.export(name)?;
    match output.filter(|path| *path != Path::new("-")) {
        None => print_line(&json),
        Some(path) => {
            let path = std::path::absolute(path)?;
            match write_new(&path, json.as_bytes()) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    bail!("{} already exists; choose another file with -o", path.display())
                }
                written => written.with_context(|| format!("could not write {}", path.display()))?,
            }
            session.output.result(&json!({ "file": path }), |_| {
                format!("wrote {}; it is encrypted with the account's password", path.display())
            })
        }
    }
}

async fn balance(session: &Session, account: Option<&str>) -> Result<()> {
    let account = session.account_id(account)?;
    let balance = session.chain().await?.balance(&account, At::Best).await?;
    let value = json!({
        "address": format_account(&account),
        "free": balance.free.to_string(),
        "held": balance.held.to_string(),
        "spendable": balance.spendable.to_string(),
    });
    session.output.result(&value, |_| {
        format!(
            "{}\nspendable {}\nkept      {} (must stay: the chain removes accounts with less)\nheld      {} (deposits and bonds)",
            format_account(&account),
            Mega(balance.spendable),
            Mega(balance.free.saturating_sub(balance.spendable)),
            Mega(balance.held)
        )
    })
}

async fn send(session: &Session, to: &str, amount: &str) -> Result<()> {
    let amount: Mega = amount.parse()?;
    let to = session.account_id(Some(to))?;
    let signer = session.signer()?;
    let chain = session.chain().await?;
    let outcome = chain.submit(&signer, vec![Call::Transfer { to, amount: amount.0 }], Until::Finalized).await?;
    let value = json!({ "to": format_account(&to), "amount": amount.0.to_string(), "fee": outcome.fee.to_string(), "block": outcome.block.number });
    session.output.result(&value, |_| format!("sent {amount} to {} (fee {})", format_account(&to), Mega(outcome.fee)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_new_phrase_is_for_people_or_printed_on_request() {
        for (requested, json, terminal, shown) in [
            (false, false, true, true),
            (false, false, false, false),
            (false, true, true, false),
            (false, true, false, false),
            (true, false, false, true),
            (true, true, true, true),
            (true, true, false, true),
        ] {
            assert_eq!(shows_phrase(requested, json, terminal), shown, "{requested} {json} {terminal}");
        }
    }

    #[test]
    fn a_phrase_may_be_pasted_on_several_lines() {
        let read = |lines: &[&str]| {
            let mut lines = lines.iter().map(|line| (*line).to_owned());
            until_empty_line(|| lines.next().ok_or(ErrorKind::UnexpectedEof.into())).unwrap().to_string()
        };
        assert_eq!(read(&["one two", "three", "", "password"]), "one two\nthree\n");
        assert_eq!(read(&["//Alice", " \r"]), "//Alice\n");
        assert_eq!(read(&["//Alice"]), "//Alice\n", "the end of the input ends it too");
        assert_eq!(read(&["", "//Alice"]), "");
        assert!(until_empty_line(|| Err(ErrorKind::PermissionDenied.into())).is_err());
    }
}
