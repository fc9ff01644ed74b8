-- A database and a role for one site, run once by a superuser:  psql --file setup.sql --set password="'...'"
-- teburad makes its schemas (central, visitor) in it by itself. The role owns this database and may do nothing else.
CREATE ROLE tebura LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :password;
CREATE DATABASE tebura OWNER tebura ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE tebura FROM PUBLIC;
-- Beside it: TLS on (ssl = on, a certificate that the servers can verify), in pg_hba.conf
--   hostssl tebura tebura 192.0.2.0/24 scram-sha-256
-- fsync = on, full_page_writes = on, and a standby with synchronous_commit = on if no passage may be lost with the machine.
