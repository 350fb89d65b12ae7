select * from t where who = 'user‮⁦-- only users⁩ ⁦'
