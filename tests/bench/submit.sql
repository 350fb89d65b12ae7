select n, result from cs.submit_requests(:items);
