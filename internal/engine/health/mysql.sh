# Over TCP: while a new data folder is made, the server listens on its socket
# only. The file has the address, the user and the password.
exec mysql --defaults-file=/waybill/client.cnf --protocol=tcp --connect-timeout=3 \
  --batch --skip-column-names --execute 'SELECT 1'
