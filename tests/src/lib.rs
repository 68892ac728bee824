//! What the end-to-end tests stand on.

pub mod canary;
pub mod cpu;
pub mod front;
pub mod judged;
pub mod lab;
pub mod load;
pub mod people;
pub mod raw;
pub mod routes;
pub mod seeded;
pub mod sign_in;
pub mod sign_on;
pub mod site;
pub mod world;
