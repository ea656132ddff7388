# At the container's own address: who comes from loopback is let in without a password, and while a new
# cluster is made, the server listens on its socket only.
read -r host </etc/hostname
PGPASSWORD=$(cat /waybill/password)
export PGPASSWORD PGCONNECT_TIMEOUT=3
exec psql --no-psqlrc --quiet --no-align --tuples-only --host "$host" --port 5432 \
  --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --command 'SELECT 1'
