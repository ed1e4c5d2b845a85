//! A Singer target for PostgreSQL and Supabase.
