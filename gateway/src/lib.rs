//! Names and objects in a browser: HTTP over verified reads.
