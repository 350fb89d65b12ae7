import 𝚘𝚜
