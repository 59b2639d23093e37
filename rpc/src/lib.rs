//! The JSON-RPC families name_v1 and storage_v1: server and typed client.
