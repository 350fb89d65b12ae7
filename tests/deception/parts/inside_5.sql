select '--値'
