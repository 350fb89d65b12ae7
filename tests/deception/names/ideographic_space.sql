select　1
