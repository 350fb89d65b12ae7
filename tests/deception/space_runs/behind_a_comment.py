# no                                                                                                    import os
