//! Background jobs and their supervisor.
//!
//! A [`Job`] works in bounded steps and returns after each when it wants to be called again ([`Turn`]). [`Jobs`] drives
//! every job in a task of its own, so that a blocked one does not stop the others. A step that fails or panics ends the
//! job; it is then built anew and started after a delay. A job that keeps failing, or that no restart can help
//! ([`StepError::Fatal`]), is given up: [`Jobs::is_healthy`] turns false and the worker is stopped. The limits are
//! [`crate::service::Supervision`].
//!
//! A job that has to wait for the node or for other members has not failed: [`StepError::Waiting`] keeps its state, and
//! it tries again after [`Throttle::retry`], for as long as it takes.

mod info;
mod job;
mod supervisor;

#[cfg(test)]
mod tests;

pub use info::{JobInfo, JobState};
pub use job::{Job, JobStatus, StepError, Throttle, Turn};
pub use supervisor::{JobFailure, Jobs};
