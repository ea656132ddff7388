# Over TCP: while a new cluster is made, the server listens on its socket only.
PGPASSWORD=$(cat /waybill/password)
export PGPASSWORD PGCONNECT_TIMEOUT=3
exec psql --no-psqlrc --quiet --no-align --tuples-only --host 127.0.0.1 --port 5432 \
  --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --command 'SELECT 1'
