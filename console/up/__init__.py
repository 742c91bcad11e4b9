"""All parts of the networked service on one machine, by the same table that docker-compose.yml follows."""
