//! Free ports of 127.0.0.1.

use anyhow::Result;
use std::net::TcpListener;

/// Hands out free ports. It keeps each one bound until it is dropped, so no port is handed out twice.
#[derive(Default)]
pub(crate) struct Ports {
    bound: Vec<TcpListener>,
}

impl Ports {
    /// Any free port.
    pub(crate) fn free(&mut self) -> Result<u16> {
        self.preferred(0)
    }

    /// `port` if it is free, otherwise any other.
    pub(crate) fn preferred(&mut self, port: u16) -> Result<u16> {
        let listener = TcpListener::bind(("127.0.0.1", port)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)))?;
        let port = listener.local_addr()?.port();
        self.bound.push(listener);
        Ok(port)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_port_in_use_is_replaced_by_another() {
        let mut ports = Ports::default();
        let first = ports.free().unwrap();
        assert_ne!(ports.preferred(first).unwrap(), first);
    }
}
