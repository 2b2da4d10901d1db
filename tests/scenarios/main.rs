//! What people see, told as small stories.
